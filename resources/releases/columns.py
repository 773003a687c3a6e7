"""What each column of a release holds, and how it is typed in Parquet, `datasets` and Croissant."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["image", "string", "int", "float", "strings", "boxes"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type, and what it holds."""

    name: str
    kind: Kind
    about: str


COLUMNS = (
    Column("id", "string", "the pair's id: the hash of its parents and its recipe"),
    Column("split", "string", "train, validation or test; by source image"),
    Column("edit_type", "string", "the class of the edit"),
    Column("instruction", "string", "what the editor is told"),
    Column("turn", "int", "1 for the first or only turn"),
    Column("turns", "int", "turns of the dialogue; 1 for a single edit"),
    Column("dialogue_id", "string", "the same for the turns of one dialogue; empty otherwise"),
    Column("source", "image", "the image before; the original's own bytes where nobody edited it"),
    Column("target", "image", "the image after"),
    Column("reference", "image", "the object to put in (visual edit); null otherwise"),
    Column("previous", "image", "what the turn before showed, where that is not the source"),
    Column("mask", "image", "this turn's subjects in the source, white on black; null where none"),
    Column("width", "int", "of source and target, px"),
    Column("height", "int", "of source and target, px"),
    Column("masks", "strings", "COCO RLE counts of each subject of this turn, size height x width"),
    Column("boxes", "boxes", "x0, y0, x1, y1 of each subject in px, half open"),
    Column("grow_px", "int", "how far beyond the masks pixels may differ; null where anywhere"),
    Column("operations", "string", "JSON: each edit's class, subject, name and target"),
    Column("adherence", "float", "1 to 5: is it what was asked for; caps the other two"),
    Column("quality", "float", "1 to 5: is it well made"),
    Column("preservation", "float", "1 to 5: is all else kept"),
    Column("score", "float", "mean of the three"),
    Column("dialogue_score", "float", "the worst score of the dialogue's turns"),
    Column("reason", "string", "the judge's reason"),
    Column("judge", "string", "the judge's backend"),
    Column("changed_frac", "float", "share of pixels that differ between source and target"),
    Column("unsafe", "float", "probability of not being safe for work; null where not looked at"),
    Column("seed", "int", "of the painter"),
    Column("painter", "string", "the painter's backend"),
    Column("writer", "string", "the instruction writer's backend"),
    Column("pair_id", "string", "row of edit_pairs"),
    Column("instruction_id", "string", "row of instructions or dialogues"),
    Column("image_id", "string", "row of filtered_images, or of video_frames"),
    Column("source_row_id", "string", "row of source_images, video_frames or imported_pairs"),
    Column("run_id", "string", "the run that accepted it"),
    Column("recipes", "string", "JSON: for each asset, the recipe's id and content"),
    Column("source_uri", "string", "where the original came from"),
    Column("source_sha256", "string", "SHA-256 of the original's bytes"),
    Column("licence", "string", "licence of the original"),
    Column("attribution", "string", "whom the licence asks to name"),
    Column("source_checksum", "string", "SHA-256 of source's bytes in this release"),
    Column("target_checksum", "string", "SHA-256 of target's bytes in this release"),
    Column("row_checksum", "string", "SHA-256 of the row: its values and its images' digests"),
)
"""Every column, in the order in which they stand in Parquet."""


def parquet_schema() -> "pa.Schema":
    """The Arrow schema, with the features that `datasets` reads from the Parquet metadata."""
    import pyarrow as pa

    types: dict[Kind, pa.DataType] = {
        "image": image_type(),
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "strings": pa.list_(pa.string()),
        "boxes": pa.list_(pa.list_(pa.int64())),
    }
    features = {column.name: feature(column.kind) for column in COLUMNS}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    return pa.schema([(c.name, types[c.kind]) for c in COLUMNS], metadata=metadata)


def value_types() -> "dict[str, pa.DataType]":
    """The Arrow types of the columns that hold no image."""
    images = {column.name for column in COLUMNS if column.kind == "image"}
    return {field.name: field.type for field in parquet_schema() if field.name not in images}


def image_type() -> "pa.DataType":
    """How `datasets` stores an image in Parquet."""
    import pyarrow as pa

    return pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def feature(kind: Kind) -> dict[str, Any]:
    """The `datasets` feature of a kind of column, as it is written down."""
    scalars = {"string": "string", "strings": "string", "int": "int64", "float": "float64"}
    if kind == "image":
        return {"_type": "Image"}
    scalar = {"dtype": scalars.get(kind, "int64"), "_type": "Value"}
    # `Sequence` is read by every version of `datasets`; `List` only since 4.0.
    if kind == "strings":
        return {"feature": scalar, "_type": "Sequence"}
    if kind == "boxes":
        return {"feature": {"feature": scalar, "_type": "Sequence"}, "_type": "Sequence"}
    return scalar
