"""What an editor learns from: a source, an instruction, and the image that came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.geometry import Bitmap, Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCard:
    """What a pair says of itself without its pixels."""

    id: str
    """Of its row; a turn of a dialogue is a pair of its own."""
    edit_type: str
    instruction: str
    width_px: int
    height_px: int
    """Of the target."""
    score: float | None
    """The judge's, capped, 1 to 5; None of a pair that was not judged."""
    group: str
    """The source image, by its content or its studio URI: pairs of one picture are never divided
    between those that are learnt from and those that are held out
    (`models.judge.lesson.is_held_out`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPair:
    """One pair with its pixels."""

    card: PairCard
    source: Rgb
    target: Rgb
    changed: Bitmap | None
    """Where the edit may differ from its source, height x width; None where it may everywhere."""
    reference: Rgb | None = None


class TrainingPairs(Protocol):
    """Many pairs, each read when it is asked for."""

    @property
    def cards(self) -> Sequence[PairCard]:
        """One for each pair, in their order."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> TrainingPair:
        """That pair, with its pixels.

        Raises:
            ImgEditError: Its picture is missing or cannot be read; the text names the row.
        """
