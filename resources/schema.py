"""Every table and every column. A table is a dataclass; its Arrow schema follows from its fields.

Times are UTC. Boxes are `xyxy` in pixels of the upright image. Masks are COCO RLE counts with the
image size beside them.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NewType, Self, TypeVar

from resources.filters import quoted

if TYPE_CHECKING:
    # Both load NumPy, which the definitions do without.
    from models.geometry import Box
    from models.masks import Rle

R = TypeVar("R", bound="Record")

VECTOR_WIDTH = 1536
"""Numbers in a stored vector: the widest of open_clip's models. A column has one width for every
model; zeros at the end change no cosine."""

StoredVector = NewType("StoredVector", bytes)
"""`VECTOR_WIDTH` little-endian float16 (`resources.vectors`): a fixed-size list in its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Anything a table holds: it has an id and knows its table."""

    TABLE: ClassVar[str]

    id: str


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one asset."""

    asset: str
    key: str = ""
    """As Dagster has it: the keys of the record's axes, joined by `|`; empty for one without."""

    @classmethod
    def of(cls, record: "type[Row]", **keys: str) -> Self:
        """The partition of an asset at some keys, by axis.

        Raises:
            KeyError: An axis of the record is not given.
        """
        return cls(record.TABLE, "|".join(keys[axis] for axis in record.AXES))

    @property
    def keys(self) -> dict[str, str]:
        """The key on each axis."""
        axes = ASSET_ROWS[self.asset].AXES
        return dict(zip(axes, self.key.split("|", len(axes) - 1), strict=True)) if axes else {}

    @property
    def shard(self) -> str:
        """Its shard; empty for an asset that has none."""
        return self.keys.get("shard", "")

    @property
    def edit_type(self) -> str:
        """Its edit type; empty for an asset that has none."""
        return self.keys.get("edit_type", "")

    @property
    def id(self) -> str:
        """The id of its head."""
        return f"{self.asset}|{self.key}"

    @property
    def where(self) -> str:
        """The filter that selects its rows in a table of several assets."""
        return f"asset = {quoted(self.asset)} AND partition = {quoted(self.key)}"

    @property
    def where_rows(self) -> str:
        """The filter that selects its rows in the asset's own table."""
        return " AND ".join(f"{axis} = {quoted(key)}" for axis, key in self.keys.items()) or "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Record):
    """What belongs to one partition of one asset, in a table of all assets."""

    asset: str
    partition: str
    """Its key, as Dagster has it."""

    @property
    def place(self) -> Partition:
        """The partition."""
        return Partition(self.asset, self.partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """A row of an asset. `id` is the hash of its parents and its recipe's content."""

    AXES: ClassVar[tuple[str, ...]] = ()
    """What its asset is partitioned by, each a column: in the alphabet's order, as Dagster's keys
    of several axes are."""
    PARENTS: ClassVar[tuple[str, ...]] = ()
    """The tables that its parents stand in. The order of the graph follows from them."""
    VERSION: ClassVar[str] = "1"
    """Raised by hand when the code of its stage makes other rows of the same answers."""

    parent_ids: tuple[str, ...]
    recipe_id: str
    run_id: str
    seconds: float = 0.0
    """Compute that its unit of work took, shared among the rows of the unit."""
    cost_usd: float = 0.0
    """What was billed for it, shared likewise."""

    @property
    def place(self) -> Partition:
        """The partition that it stands in."""
        return Partition.of(type(self), **{axis: getattr(self, axis) for axis in self.AXES})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow(Row):
    """A row of an asset by shard."""

    AXES: ClassVar[tuple[str, ...]] = ("shard",)

    shard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRow(ShardRow):
    """A row of an asset by edit type and shard."""

    AXES: ClassVar[tuple[str, ...]] = ("edit_type", "shard")

    edit_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImage(ShardRow):
    """One image as it came. Its bytes are its root version."""

    TABLE: ClassVar[str] = "source_images"

    uri: str
    version_id: str
    width: int
    height: int
    format: str
    mode: str
    frames: int
    n_bytes: int
    sha256: str
    annotation: str
    """`models.annotation.Annotation` as JSON; empty where the source says nothing."""
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrame(ShardRow):
    """One frame of a clip."""

    TABLE: ClassVar[str] = "video_frames"

    uri: str
    clip: str
    t_s: float
    version_id: str
    width: int
    height: int
    n_bytes: int
    sha256: str
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    annotation: str
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredImage(ShardRow):
    """What models say of one source image, whether it is good enough or not."""

    TABLE: ClassVar[str] = "measured_images"
    PARENTS: ClassVar[tuple[str, ...]] = ("source_images",)

    uri: str
    version_id: str
    aesthetic: float
    """1 to 10, LAION's scale."""
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    unsafe: float | None
    """Probability that it is not safe for work, 0 to 1; empty where no safety filter is bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredImage(ShardRow):
    """An image that is large enough, pleasing enough, and no duplicate of an earlier one."""

    TABLE: ClassVar[str] = "filtered_images"
    PARENTS: ClassVar[tuple[str, ...]] = ("measured_images",)
    VERSION: ClassVar[str] = "3"

    uri: str
    version_id: str
    width: int
    height: int
    aesthetic: float
    """1 to 10, LAION's scale."""
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    unsafe: float | None
    """Probability that it is not safe for work, 0 to 1; empty where no safety filter is bound."""
    sha256: str
    annotation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEmbedding(ShardRow):
    """Where an image lies in an embedder's space. Those of two recipes never compare."""

    TABLE: ClassVar[str] = "image_embeddings"
    PARENTS: ClassVar[tuple[str, ...]] = ("filtered_images",)

    image_id: str
    version_id: str
    """The image's root version."""
    model: str
    """Backend, its version and its checkpoint, in words."""
    width: int
    """Numbers of the model's own; those after them are zero."""
    vector: StoredVector


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPair(ShardRow):
    """A pair of somebody's release, as it came. Its images are root versions."""

    TABLE: ClassVar[str] = "imported_pairs"

    uri: str
    label: str
    """The edit type that it is said to be of."""
    instruction: str
    source_version_id: str
    target_version_id: str
    reference_version_id: str
    """Empty where it has none."""
    width: int
    height: int
    masks: tuple[str, ...]
    """COCO RLE counts; empty where it has none."""
    operations: str
    """JSON of what the release says that is done to which mask; empty where it says nothing."""
    scaled_from: str
    """The size in which the result came, `904x678`, where it was brought to the source's."""
    sha256: str
    """Of the source's bytes."""
    phash: str
    """Of the source: 64-bit perceptual hash, 16 hex digits."""
    dialogue: str
    """The name that the turns of one dialogue share; empty for single-turn pairs."""
    turn: int
    turns: int
    """How many turns the dialogue has, as the release says; 0 where it does not say."""
    given_score: float | None
    """The score that the release gives it, 1 to 5."""
    licence: str
    attribution: str

    @property
    def version_id(self) -> str:
        """The source's root version."""
        return self.source_version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption(ShardRow):
    """What an image shows."""

    TABLE: ClassVar[str] = "captions"
    PARENTS: ClassVar[tuple[str, ...]] = ("filtered_images",)

    image_id: str
    caption: str
    short_caption: str
    object_nouns: tuple[str, ...]
    background_nouns: tuple[str, ...]
    describer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRow(ShardRow):
    """A row about one named box of one image."""

    image_id: str
    name: str
    kind: str
    """`object` or `background`."""
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def box(self) -> "Box":
        """The box."""
        from models.geometry import Box

        return Box(self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection(BoxRow):
    """One named box."""

    TABLE: ClassVar[str] = "detections"
    PARENTS: ClassVar[tuple[str, ...]] = ("captions",)

    score: float
    detector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRow(BoxRow):
    """A row with a mask."""

    width: int
    height: int
    rle: str
    area_frac: float
    """Share of the image inside the mask, 0 to 1."""
    mask_score: float
    """The segmenter's own estimate, 0 to 1."""

    @property
    def mask(self) -> "Rle":
        """The mask."""
        from models.masks import Rle

        return Rle(counts=self.rle, height=self.height, width=self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(MaskRow):
    """The mask of one detection."""

    TABLE: ClassVar[str] = "masks"
    PARENTS: ClassVar[tuple[str, ...]] = ("detections",)

    segmenter: str
    truth_iou: float | None
    """Against the truth of a studio scene; empty for photographs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRegion(BoxRow):
    """What the embedder says of one mask, whether it is good enough or not."""

    TABLE: ClassVar[str] = "measured_regions"
    PARENTS: ClassVar[tuple[str, ...]] = ("masks",)

    crop_score: float | None
    """Probability of the name against its negation, 0 to 1; empty where no embedder is bound, or
    where it cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditableRegion(MaskRow):
    """A mask that passed the region gate."""

    TABLE: ClassVar[str] = "editable_regions"
    PARENTS: ClassVar[tuple[str, ...]] = ("measured_regions",)

    version_id: str
    crop_score: float | None
    """As measured: 0 to 1."""
    truth_iou: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction(EditRow):
    """One instruction, and what it asks for."""

    TABLE: ClassVar[str] = "instructions"
    PARENTS: ClassVar[tuple[str, ...]] = (
        "editable_regions",
        "captions",
        "filtered_images",
        "video_frames",
        "imported_pairs",
    )

    image_id: str
    """The filtered image, or for motion the earlier frame."""
    version_id: str
    """The image's root version."""
    after_version_id: str
    """The result where it came with the source: a later frame, an imported target. Empty where it
    is yet to be painted."""
    reference_version_id: str
    """The reference image where it came with the source; else empty."""
    width: int
    height: int
    instruction: str
    operations: str
    """JSON list of {edit_type, subject, name, target: {key, phrase}}."""
    region_ids: tuple[str, ...]
    masks: tuple[str, ...]
    """COCO RLE counts of each subject."""
    wording: str
    writer: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue(EditRow):
    """A dialogue of two or three turns, written in one go; nothing of it is painted yet."""

    TABLE: ClassVar[str] = "dialogues"
    PARENTS: ClassVar[tuple[str, ...]] = ("editable_regions", "imported_pairs")

    image_id: str
    version_id: str
    """The image's root version."""
    width: int
    height: int
    turns: str
    """JSON list of `models.dialogues.dialogue.Turn`."""
    instructions: tuple[str, ...]
    """The turns' words."""
    after_version_ids: tuple[str, ...]
    """The turns' results where they came with the source; else empty."""
    premise: str
    """The look that must hold in every later turn; empty for other abilities."""
    region_ids: tuple[str, ...]
    masks: tuple[str, ...]
    """COCO RLE counts of each subject, in the image as it came."""
    writer: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow(EditRow):
    """What describes an edit pair, wherever it stands. A turn of a dialogue is a pair."""

    instruction_id: str
    """The instruction, or the dialogue, that it was painted from."""
    instruction: str
    operations: str
    turn: int
    """1 for the first or only turn."""
    turns: int
    """How many turns the dialogue has; 1 for a single edit."""
    root_version_id: str
    """The image, or the earlier frame, as it came."""
    source_version_id: str
    target_version_id: str
    previous_version_id: str
    """What the turn before showed: the source, but where a turn goes back to an older version."""
    reference_version_id: str
    """The reference image of a visual edit; empty for other types."""
    width: int
    height: int
    masks: tuple[str, ...]
    """COCO RLE counts of each subject of this turn's operations, in the source: of what it adds,
    where that will stand. What a turn undoes by going back is none of them, since its source shows
    nothing of it; none for a turn that edits nothing of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPair(PairRow):
    """A source and a target version, and the instruction that leads from one to the other."""

    TABLE: ClassVar[str] = "edit_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("instructions", "dialogues")
    VERSION: ClassVar[str] = "4"

    changed_frac: float
    """Share of the pixels that differ between source and target, 0 to 1."""
    grow_px: int | None
    """How far beyond its masks the painter was free to change pixels; None where no mask bound it:
    a style, an extraction, an edit type's own function, a result that came with its source."""
    patch_bytes: int
    painter: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRow(PairRow):
    """A pair with its verdict. Scores are 1 to 5, adherence already capping the other two."""

    adherence: float
    quality: float
    preservation: float
    score: float
    """Mean of the three."""
    dialogue_score: float
    """The worst score among the turns of the dialogue; of a single edit, its own."""
    reason: str
    judge: str
    changed_frac: float
    unsafe: float | None
    """The larger probability, source's or target's, of not being safe for work, 0 to 1."""
    oracle_failure: float | None
    """The oracle's degree of failure, 0 (perfect) to 1, for studio pairs; no judge reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair(ScoredRow):
    """Any pair with its verdict."""

    TABLE: ClassVar[str] = "scored_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("edit_pairs",)
    VERSION: ClassVar[str] = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPair(ScoredRow):
    """A pair good enough for the dataset; of a dialogue, every turn is."""

    TABLE: ClassVar[str] = "accepted_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("scored_pairs",)
    VERSION: ClassVar[str] = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeProbe(EditRow):
    """One studio result of known quality, and what the judge says of it."""

    TABLE: ClassVar[str] = "judge_probes"
    PARENTS: ClassVar[tuple[str, ...]] = ("instructions",)
    VERSION: ClassVar[str] = "2"

    instruction_id: str
    flaw: str
    """`perfect`, or the kind of the spoiling."""
    degree: float
    oracle_failure: float
    score: float
    reason: str
    judge: str
    adherence: float
    quality: float
    preservation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItemRow(Record):
    """A registered item: one image or frame that a shard holds. Shards are append-only."""

    TABLE: ClassVar[str] = "source_items"

    uri: str
    stamp: str
    """Changes when the bytes, or what is said of them, may have changed."""
    shard: str
    ordinal: int
    item: str
    """`resources.sources.item.SourceItem` as JSON."""
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Placed):
    """A root's bytes, or a patch on its parent."""

    TABLE: ClassVar[str] = "versions"

    parent_id: str
    """Empty for a root."""
    row_id: str
    """The row that made it."""
    codec: str
    x0: int
    y0: int
    x1: int
    y1: int
    payload: bytes
    sha256: str = ""
    """Of the payload as it was made; worked out where it is not given."""

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(self.payload).hexdigest())

    @property
    def box(self) -> "Box":
        """The patch's box; the canvas for a root."""
        from models.geometry import Box

        return Box(self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Placed):
    """A finished unit of work: parents by recipe. Written last, so its rows are complete."""

    TABLE: ClassVar[str] = "units"

    row_ids: tuple[str, ...]
    rejects: int
    seconds: float
    run_id: str
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Placed):
    """A row that failed, and why."""

    TABLE: ClassVar[str] = "rejects"

    unit_id: str
    parent_ids: tuple[str, ...]
    subject: str
    """What it was about, in words a person can act on: a file, an object."""
    reason: str
    detail: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(Placed):
    """A partition as it was last finished. Readers take exactly these rows."""

    TABLE: ClassVar[str] = "heads"

    row_ids: tuple[str, ...]
    rejects: str
    """JSON: count by reason."""
    figures: str
    """JSON: the stage's headline figures of these rows."""
    samples: str = ""
    """Markdown: links to the worst and the best of them."""
    units: int
    recipe_id: str
    seconds: float
    run_id: str
    finished_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Record):
    """The contact sheet of a partition, by the id of its head."""

    TABLE: ClassVar[str] = "sheets"

    jpeg: bytes
    """Empty where there is nothing to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine(Record):
    """Somebody's word that some rows, and all that was made of them, are not to be used."""

    TABLE: ClassVar[str] = "quarantines"

    kind: str
    """`row`, `recipe`, `source` or `run`: what `value` is an id or a URI of."""
    value: str
    why: str
    who: str
    at: str
    undone_by: str
    """Empty while it holds."""
    undone_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Record):
    """Rows that left the graph together: in a release, a training corpus, a checkpoint."""

    TABLE: ClassVar[str] = "collections"

    kind: str
    """`release`, `corpus` or `checkpoint`."""
    name: str
    path: str
    row_ids: tuple[str, ...]
    """Rows of `accepted_pairs` that it holds."""
    parent_ids: tuple[str, ...]
    """Collections that it was made from."""
    run_id: str
    made_at: str
    seal: str
    """SHA-256 of its `SHA256SUMS`. While that stands at the path, its files are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition(Record):
    """A version as one whole encoded image, by the version's id: made once, exported often."""

    TABLE: ClassVar[str] = "renditions"

    format: str
    """`png`, `jpeg` or `webp`."""
    width: int
    height: int
    sha256: str
    """Of the payload."""
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRow(Record):
    """A recipe in words."""

    TABLE: ClassVar[str] = "recipes"

    json: str


def _in_order(declared: dict[str, type[Row]]) -> dict[str, type[Row]]:
    ordered: dict[str, type[Row]] = {}

    def visit(table: str) -> None:
        for parent in declared[table].PARENTS:
            visit(parent)
        ordered.setdefault(table, declared[table])

    for table in declared:
        visit(table)
    return ordered


ASSET_ROWS = _in_order(
    {
        declared.TABLE: declared
        for declared in list(globals().values())
        if isinstance(declared, type) and issubclass(declared, Row) and "TABLE" in vars(declared)
    }
)
"""The assets that hold rows, as declared, each after those that its rows' parents stand in."""
