"""What an edit type declares. One file beside this one declares one type."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Family(StrEnum):
    """The families of DOMAIN section 1."""

    LOCAL = "local"
    GLOBAL = "global"
    REFERENCE = "reference"
    MIXED = "mixed"


class PaintKind(StrEnum):
    """What a painter is asked to do with a masked image."""

    ERASE = "erase"
    """Fill the mask as if nothing had been there."""
    INSERT = "insert"
    """Put the target object where the mask is."""
    RECOLOUR = "recolour"
    """Give the masked object the target's colour or material; its geometry stays."""
    BACKDROP = "backdrop"
    """Put the target's scenery inside the mask, which holds all but the subject."""
    STYLISE = "stylise"
    """Render the whole image in the target's style or tone."""
    ISOLATE = "isolate"
    """Show the masked object alone on clean white."""
    FRAME = "frame"
    """Use the later frame of the clip; nothing is painted."""


class Vocabulary(StrEnum):
    """Where the target of an edit is chosen from (`models.vocabulary`)."""

    NONE = "none"
    OBJECT = "object"
    APPEARANCE = "appearance"
    STYLE = "style"
    BACKDROP = "backdrop"
    ACTION = "action"


Onto = Literal["source", "target", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One painting step, and which image of the pair it ends in.

    `onto="source"` paints the *before* picture: *add* erases an object of the photograph to make
    its source, so that its target is the photograph itself.
    """

    paint: PaintKind
    onto: Onto = "target"
    grow_px: int = 0
    """How far the mask is grown first, in pixels of an image 1024 px on its short side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRule:
    """Which regions of an image qualify, and how they are combined into one edit."""

    kind: Literal["object", "background", "image", "frames"]
    count: int = 1
    distinct_names: bool = False
    min_gap_px: int = 0
    """Least distance between the boxes of one edit."""
    max_area_frac: float = 1.0
    """Largest region, as a share of the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the instruction writer is told, and the grammar that the embedded writer uses.

    Templates are grouped by wording; `models.edit_types.templates` says how they are written and
    lists the slots. The terse ones of a type that mixed types name are imperative clauses without
    a comma, so that two of them can be joined.
    """

    task: str
    vocabulary: Vocabulary
    templates: Mapping[Literal["terse", "plain", "detailed"], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """The three criteria of a class, each judged 1 to 5."""

    adherence: str
    quality: str
    preservation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditType:
    """One edit type: everything the graph needs to make, score and benchmark its pairs."""

    name: str
    title: str
    family: Family
    regions: RegionRule
    brief: Brief
    steps: tuple[Step, ...]
    rubric: Rubric
    benchmark_task: str
    operations: tuple[str, ...] = ()
    """Names of the local types that a mixed type combines; empty for a type that paints itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What will be there afterwards."""

    key: str
    """The vocabulary's key, or "" for an erased object."""
    phrase: str
    """The noun phrase: "a red bicycle"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One edit of one subject, as it was written: the edit type's name, the subject, the target."""

    edit_type: str
    subject: int
    """Index into the regions of the edit."""
    name: str
    target: Target
