"""What can be answered, by mode; and numbers for it, to measure agreement by."""

from collections.abc import Sequence
from enum import StrEnum

from benchmark.ratings import CRITERIA
from models.faults import ImgEditError
from resources.schema import CampaignItem


class RatingError(ImgEditError):
    """A campaign, a rater or an answer that is none."""


class Mode(StrEnum):
    """How a campaign rates."""

    SCORES = "scores"
    """1 to 5 on three criteria."""
    PAIRS = "pairs"
    """Which of two results is better."""
    TURNS = "turns"
    """Whether each turn of a dialogue was done."""


FIRST, SECOND, TIE, NEITHER = PREFERENCES = ("first", "second", "tie", "neither")
"""`neither`: both are bad."""
YES, NO = DONE = ("yes", "no")
GRADES = ("1", "2", "3", "4", "5")

POSSIBLE = {Mode.SCORES: GRADES, Mode.PAIRS: PREFERENCES, Mode.TURNS: DONE}

VALUES = {
    **{grade: float(grade) for grade in GRADES},
    **{FIRST: 1.0, SECOND: -1.0, TIE: 0.0, NEITHER: 0.0},
    **{YES: 1.0, NO: 0.0},
}
"""The numbers that stand for answers where agreement is measured: of pairs, who is ahead."""


def asked(mode: Mode, item: CampaignItem) -> tuple[str, ...]:
    """What each answer is about, in order."""
    if mode is Mode.SCORES:
        return CRITERIA
    if mode is Mode.PAIRS:
        return ("better result",)
    return tuple(f"turn {number}" for number in range(1, len(item.instructions) + 1))


def checked(mode: Mode, item: CampaignItem, answers: Sequence[object]) -> tuple[str, ...]:
    """The answers to an item, or none where it is skipped.

    Raises:
        RatingError: There are too many or too few, or one is not possible.
    """
    said = tuple(str(answer) for answer in answers)
    questions, possible = asked(mode, item), POSSIBLE[mode]
    if said and (len(said) != len(questions) or not set(said) <= set(possible)):
        msg = (
            f"{', '.join(said)}: answer {', '.join(questions)}, each by one of "
            f"{', '.join(possible)}; or nothing, to skip it"
        )
        raise RatingError(msg)
    return said


def turned(answer: str) -> str:
    """The same answer where the sides are changed."""
    return {FIRST: SECOND, SECOND: FIRST}.get(answer, answer)
