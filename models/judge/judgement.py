"""What a judge takes and returns, and the rule that adherence caps the other criteria."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from models.edit_types.spec import EditType, Operation
from models.geometry import Bitmap, Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest:
    """One pair to judge. The masks say where the edit was asked for."""

    edit_type: EditType
    instruction: str
    operations: tuple[Operation, ...]
    source: Rgb
    target: Rgb
    reference: Rgb | None = None
    masks: tuple[Bitmap, ...]
    """One mask for each subject of the operations, height x width; all True for a whole image."""
    edit_types: Mapping[str, EditType] = field(default_factory=dict)
    """The types of a mixed type's operations, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Three criteria in [1, 5] and one reason in words."""

    adherence: float
    quality: float
    preservation: float
    reason: str
    good_probability: float | None = None
    """That the pair is good (`models.judge.deserved.GOOD_FAILURE`), 0 to 1; None from a judge that
    does not tell."""

    @property
    def score(self) -> float:
        """The mean of the three criteria, 1 to 5."""
        return (self.adherence + self.quality + self.preservation) / 3

    def capped(self) -> Self:
        """The same with quality and preservation at most adherence (docs/paper.md, "Scores")."""
        cap = self.adherence
        return replace(
            self, quality=min(self.quality, cap), preservation=min(self.preservation, cap)
        )
