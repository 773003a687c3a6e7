"""The assets by edit type and shard: from an instruction to an accepted pair."""

from dataclasses import dataclass
from typing import ClassVar

from resources.schema.rows import EditRow


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
    good_probability: float | None
    """That the pair is good, 0 to 1, by its judge; None from one that does not tell."""
    dark_frac: float
    edge_frac: float
    saturation: float
    """Of the target, which no judge sees (`models.image_statistics`): should it be gamed, they
    drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair(ScoredRow):
    """Any pair with its verdict."""

    TABLE: ClassVar[str] = "scored_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("edit_pairs",)
    VERSION: ClassVar[str] = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedPair(ScoredRow):
    """A further result of an instruction whose first was no clear success, with its verdict.

    Its parent is the instruction, and not the first result: that one may be spoiled by something
    that this one is not.
    """

    TABLE: ClassVar[str] = "retried_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("instructions", "dialogues", "scored_pairs")

    number: int
    """Counted from 1 over the further results of one instruction."""
    way: str
    """What was done otherwise (`imgedit_assets.stages.retries.Way`)."""
    grow_px: int | None
    patch_bytes: int
    painter: str
    seed: int
    """These as an `EditPair` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPair(ScoredRow):
    """A pair good enough for the dataset; of a dialogue, every turn is.

    Its parent is the best result of its instruction, the first or a further one.
    """

    TABLE: ClassVar[str] = "accepted_pairs"
    PARENTS: ClassVar[tuple[str, ...]] = ("scored_pairs", "retried_pairs")
    VERSION: ClassVar[str] = "4"


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
