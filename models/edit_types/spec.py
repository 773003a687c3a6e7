"""What an edit type declares. One file beside this one declares one type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from models.vocabulary import PaintKind, Target

if TYPE_CHECKING:
    from models.painting import Painting, PaintRequest


class Family(StrEnum):
    """The families of docs/paper.md, "Classes"."""

    LOCAL = "local"
    GLOBAL = "global"
    REFERENCE = "reference"
    MIXED = "mixed"
    MULTI_TURN = "multi_turn"


class Vocabulary(StrEnum):
    """Where the target of an edit is chosen from (`models.vocabulary`)."""

    NONE = "none"
    OBJECT = "object"
    APPEARANCE = "appearance"
    STYLE = "style"
    BACKDROP = "backdrop"
    ACTION = "action"
    OWN = "own"
    """The brief's own `targets`."""


class Ability(StrEnum):
    """What a dialogue asks of an editor (docs/paper.md, "Classes")."""

    MEMORY = "memory"
    """A premise that is given first must hold in every later turn."""
    UNDERSTANDING = "understanding"
    """Later turns refer to what was said: by pronoun, by leaving it out, by position."""
    BACKTRACKING = "backtracking"
    """A later turn builds on an earlier version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueRule:
    """How the dialogues of a type are made."""

    ability: Ability
    min_turns: int = 2
    max_turns: int = 3


PaintFunction = Callable[["PaintRequest"], "Painting"]
"""A painting step that an edit type brings itself."""

Onto = Literal["source", "target", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One painting step, and which image of the pair it ends in.

    `onto="source"` paints the *before* picture: *add* erases an object of the photograph to make
    its source, so that its target is the photograph itself.
    """

    paint: PaintKind | PaintFunction
    """A kind that the profile's painter knows, or a function that paints it under any profile."""
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
    targets: tuple[Target, ...] = ()
    """What a type of its own vocabulary chooses among; the phrase fills `{target}`."""


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
    """Names of the local types that a mixed type, or a dialogue's turns, are made of; empty for a
    type that paints itself."""
    dialogue: DialogueRule | None = None
    """Set for a type whose samples are dialogues of several turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One edit of one subject, as it was written: the edit type's name, the subject, the target."""

    edit_type: str
    subject: int
    """Index into the regions of the edit."""
    name: str
    target: Target
