"""Cells: lessons by class and grade, of which a corpus wants as many of each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.ordinal import GRADES, grades
from models.faults import ImgEditError
from models.judge.judgement import Judgement
from models.judge.lesson import LessonCard, is_held_out

Cell = tuple[str, int]
"""A class and a grade."""

LEAST = 20
"""Lessons to learn from, below which no judge is trained."""


def cell_of(edit_type: str, label: Judgement) -> Cell:
    """Where a lesson belongs: by its class, and its score as a whole grade."""
    return edit_type, int(grades([label.score])[0])


@dataclass(slots=True)
class Cells:
    """Takes lessons of one class, in order, until each of its grades has its number."""

    most: int
    taken: Counter[Cell] = field(default_factory=Counter)

    def takes(self, edit_type: str, label: Judgement, *, group: str) -> bool:
        """Whether the lesson is taken; what is held out always is, and counts for no cell."""
        if is_held_out(group):
            return True
        cell = cell_of(edit_type, label)
        if self.taken[cell] >= self.most:
            return False
        self.taken[cell] += 1
        return True


def counts(cards: Iterable[LessonCard]) -> Mapping[Cell, int]:
    """How many of the lessons to learn from are in each cell; of every class, all five."""
    learnt = [card for card in cards if not is_held_out(card.group)]
    found = Counter(cell_of(card.edit_type, card.label) for card in learnt)
    classes = sorted({card.edit_type for card in learnt})
    return {(name, grade): found[name, grade] for name in classes for grade in GRADES}


def shortfall(cells: Mapping[Cell, int], most: int) -> list[str]:
    """A line for each class whose cells are not all full: "add: 2 of 12 at grade 1, ..."."""
    lines: dict[str, list[str]] = {}
    for (name, grade), n in cells.items():
        if n < most:
            lines.setdefault(name, []).append(f"{n} of {most} at grade {grade}")
    return [f"{name}: {', '.join(short)}" for name, short in lines.items()]


def problems(cards: Sequence[LessonCard]) -> list[str]:
    """What makes a corpus a poor one, and what to do, a line each; empty for a sound one.

    Raises:
        ImgEditError: Nothing can be learnt from it.
    """
    learnt = [card for card in cards if not is_held_out(card.group)]
    if len(learnt) < LEAST:
        msg = (
            f"the corpus has {len(learnt)} lessons to learn from, and a judge needs {LEAST}: make "
            "pairs of studio scenes (`imgedit run --studio 1`), or name files of people's ratings "
            "in [judge_corpus] ratings"
        )
        raise ImgEditError(msg)
    said = {round(card.label.score, 3) for card in learnt}
    if len(said) == 1:
        msg = (
            f"all {len(learnt)} lessons have the score {said.pop():g}: from equal scores nothing "
            "is learnt; raise [judge_corpus] spoiled_per_edit, or have worse pairs rated as well"
        )
        raise ImgEditError(msg)
    told = []
    if len(classes := {card.edit_type for card in learnt}) == 1:
        told.append(
            f"all lessons are of the class {min(classes)}: of others the judge learns nothing; "
            "make pairs of more edit types"
        )
    if not any(is_held_out(card.group) for card in cards):
        told.append("no source image is held out: agreement needs more images")
    return told
