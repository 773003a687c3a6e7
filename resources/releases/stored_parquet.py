"""Pairs in Parquet: rows with image bytes, or rows with paths in the published layout."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.faults import FaultError, Reason
from resources.reading import read_regular
from resources.releases.checksums import file_inside
from resources.releases.columns import COLUMNS
from resources.releases.limits import MAX_IMAGE_BYTES, MAX_NAME_CHARS, MAX_TURNS
from resources.releases.mapping import mapped
from resources.releases.parquet_groups import (
    column_names,
    count_rows,
    leaf_names,
    read_column,
    read_row,
    texts,
)
from resources.releases.published import class_of, find_image, given_score
from resources.releases.sample import IMAGE_COLUMNS, Layout
from resources.releases.stored import PairRef, StoredLayout, StoredRow, stamp_of

_BYTES = frozenset({"source", "target", "instruction"})
_PATHS = frozenset({"input_images", "output_images", "prompt"})
_DIALOGUES = frozenset({"data"})
_READ = (
    *(column.name for column in COLUMNS),
    *("input_images", "output_images", "prompt", "mask_image", "previous_image", "data"),
)
"""The columns that are read; what others there are takes no memory."""

PREMISE = object()
"""In place of the id of a turn that is none."""


def layout_of(path: Path) -> Layout | None:
    """The layout of a Parquet file by its columns; None where they are not ours.

    Raises:
        FaultError: It cannot be read.
    """
    columns = column_names(path)
    if _BYTES.issubset(columns):
        return "huggingface"
    if _PATHS.issubset(columns) or _DIALOGUES.issubset(columns):
        return "imgedit"
    return None


def list_parquet(root: Path, path: Path, layout: StoredLayout) -> Iterator[PairRef]:
    """Every pair of one file, without its images.

    Raises:
        FaultError: The file cannot be read.
    """
    columns = column_names(path)
    relative, stamp = path.relative_to(root).as_posix(), stamp_of(path)
    rows = _names(path, columns, relative)
    turns = _column(path, "turn") if "turn" in columns else repeat(1)
    room = path.stat().st_size
    for row, (names, turn) in enumerate(zip(rows, turns, strict=False)):
        pairs = [names] if isinstance(names, str) else names
        room -= len(pairs)
        if room < 0:
            detail = f"{path.name} has more pairs than bytes"
            raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        for number, name in enumerate(pairs, 1):
            if not name:
                continue
            yield PairRef(
                root=str(root),
                layout=layout,
                path=relative,
                row=row,
                turn=number,
                continues=number > 1 + (not pairs[0]) or turn != 1,
                name=name,
                stamp=stamp,
            )


def load_bytes(ref: PairRef) -> StoredRow:
    """A row that holds its images.

    Raises:
        FaultError: The row cannot be read.
    """
    path = file_inside(Path(ref.root), ref.path)
    if ref.columns:
        return mapped(ref, read_row(path, ref.row, [theirs for _, theirs in ref.columns]))
    record = read_row(path, ref.row, _READ)
    cells = {name: record.pop(name, None) for name in IMAGE_COLUMNS}
    images = {
        name: cell["bytes"]
        for name, cell in cells.items()
        if isinstance(cell, Mapping) and isinstance(cell.get("bytes"), bytes)
    }
    return StoredRow(values=record, images=images)


def load_paths(ref: PairRef) -> StoredRow:
    """A row of the published layout, or one turn of it, with the images that it names.

    Raises:
        FaultError: The row cannot be read, or an image is missing or outside the folder.
    """
    root = Path(ref.root)
    record = read_row(file_inside(root, ref.path), ref.row, _READ)
    values: dict[str, Any] = record
    if "data" in record and "prompt" not in record:
        turns = record["data"]
        if not _are_turns(turns):
            raise FaultError(Reason.BAD_ROW, f"data is {str(turns)[:60]!r}, not a list of turns")
        if not ref.turn <= len(turns) <= MAX_TURNS:
            detail = f"the dialogue has {len(turns):,} turns, more than {MAX_TURNS}"
            raise FaultError(Reason.BAD_ROW, detail)
        values = _turn(turns, ref.turn - 1)
        values.setdefault("dialogue_id", f"{ref.path}:{ref.row}")
    values.setdefault("edit_type", class_of(ref.path))
    values["instruction"] = values.pop("prompt", None)
    paths = _paths(values)
    if "score" not in values:
        values["score"] = given_score(root, paths["target"])
    files = {column: find_image(root, ref.path, name) for column, name in paths.items()}
    return StoredRow(
        values=values,
        images={c: read_regular(p, max_bytes=MAX_IMAGE_BYTES) for c, p in files.items()},
        files={c: p.relative_to(root).as_posix() for c, p in files.items()},
    )


def _turn(turns: list[dict[str, Any]], at: int) -> dict[str, Any]:
    """A turn; a premise, which has no images, is said with the first turn that has some."""
    premise = _has_premise(turns)
    values = {**turns[at]}
    values.setdefault("turn", at + 1 - premise)
    values.setdefault("turns", len(turns) - premise)
    if premise and at == 1:
        said = [str(turn.get("prompt") or "").strip() for turn in turns[:2]]
        values["prompt"] = f"{said[0].rstrip('.')}. {said[1]}"
    return values


def _has_premise(turns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first of several turns only says what shall hold in the others."""
    return len(turns) > 1 and turns[0].get("input_images") == []


def _names(path: Path, columns: Sequence[str], relative: str) -> Iterator[str | list[str]]:
    """For each row the name of its pair, or the names of its turns."""
    if "data" in columns and "prompt" not in columns:
        for row, ids in enumerate(_turn_ids(path)):
            place = f"{relative}:{row}"
            # A row that is no dialogue, or none that is read, is one reference, which says so.
            named = [_name(id_, f"{place}:{n}") for n, id_ in enumerate(ids, 1)]
            yield ["", *named[1:]] if ids and ids[0] is PREMISE else named or place
        return
    names = _column(path, "id") if "id" in columns else repeat(None, count_rows(path))
    for row, name in enumerate(names):
        yield _name(name, f"{relative}:{row}")


def _column(path: Path, column: str) -> Iterator[Any]:
    return chain.from_iterable(texts(path, piece) for piece in read_column(path, column))


def _turn_ids(path: Path) -> Iterator[list[Any]]:
    """For each dialogue the ids of its turns; none where it is none, or too long."""
    leaves = [leaf for leaf in leaf_names(path) if leaf.partition(".")[0] == "data"]
    # A single leaf tells how many turns there are; where they have ids, that leaf, and else that of
    # their sources, for a premise has none.
    ids = [leaf for leaf in leaves if leaf.count(".") == 3 and leaf.endswith(".id")]
    sources = [leaf for leaf in leaves if ".input_images." in leaf]
    for piece in read_column(path, (ids or sources or leaves)[0]):
        if not pa.types.is_list(piece.type) or not pa.types.is_struct(piece.type.value_type):
            yield from ([] for _ in range(len(piece)))
            continue
        lengths = pc.fill_null(pc.list_value_length(piece), 0).to_pylist()
        for row, length in enumerate(lengths):
            turns = texts(path, piece.slice(row, 1))[0] if 0 < length <= MAX_TURNS else []
            found = [turn.get("id") for turn in turns] if _are_turns(turns) else []
            yield [PREMISE, *found[1:]] if found and _has_premise(turns) else found


def _are_turns(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(t, dict) for t in value)


def _name(value: object, place: str) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS else place


def _paths(values: dict[str, Any]) -> dict[str, str]:
    """The paths by column; takes them out of the values."""
    inputs, outputs = values.pop("input_images", None), values.pop("output_images", None)
    extras = {
        "mask": values.pop("mask_image", None),
        "previous": values.pop("previous_image", None),
    }
    for name, paths in (("input_images", inputs), ("output_images", outputs)):
        if not isinstance(paths, list) or not paths or not all(isinstance(p, str) for p in paths):
            raise FaultError(Reason.BAD_ROW, f"{name} is {paths!r}, not a list of paths")
    named = {"source": inputs[0], "target": outputs[0], **extras}
    if len(inputs) > 1:
        named["reference"] = inputs[1]
    return {column: path for column, path in named.items() if path is not None}
