"""A lesson: one pair with the judgement that it deserves. What judges are trained and tried on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.judge.judgement import Judgement, JudgeRequest
from models.judge.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One pair, what it deserves, and where both come from."""

    id: str
    """Named by its content."""
    request: JudgeRequest
    label: Judgement
    """Three criteria in [1, 5], capped, and a reason in words."""
    origin: Origin
    group: str
    """The source image, by its content or its studio URI: lessons about one picture are never
    divided between those that are learnt from and those that are held out."""
    kind: str
    """"painted", "perfect", or the flaw that the pair was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonCard:
    """What a lesson says of itself without its pixels."""

    id: str
    edit_type: str
    label: Judgement
    origin: Origin
    group: str
    kind: str


class Lessons(Protocol):
    """Many lessons, each read when it is asked for."""

    @property
    def cards(self) -> Sequence[LessonCard]:
        """One for each lesson, in their order."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> Lesson:
        """That lesson, with its pixels."""


def is_held_out(group: str, share: float = 0.2) -> bool:
    """Whether lessons about that source image are kept from training; the same everywhere."""
    drawn = int.from_bytes(hashlib.sha256(f"held out\0{group}".encode()).digest()[:8], "big")
    return drawn < share * 2**64


def card_of(lesson: Lesson) -> LessonCard:
    """The lesson without its pixels."""
    return LessonCard(
        id=lesson.id,
        edit_type=lesson.request.edit_type.name,
        label=lesson.label,
        origin=lesson.origin,
        group=lesson.group,
        kind=lesson.kind,
    )
