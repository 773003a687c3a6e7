"""Human raters of dialogues: the guideline, a form as CSV, and their agreement with the checks."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from benchmark.agreement import Proportion, wilson
from benchmark.cases import BenchCase
from benchmark.ordinal import quadratic_kappa
from benchmark.runs.folder import RunFolder
from benchmark.votes import counts, read_table
from models.faults import ImgEditError

COLUMNS = ("case", "turn", "of", "starts_from", "instruction", "result", "rater", "done")
"""`result` is the picture's path in the folder of the run, of the first epoch; `done` is "yes" or
"no"; a row without it was not rated."""

_ANSWERS = {"yes": True, "no": False, "": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's word on one turn."""

    case_id: str
    turn: int
    """Counted from 1."""
    rater: str
    yes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterAgreement:
    """How often raters and checks say the same, over all votes."""

    share: Proportion
    kappa: float
    """Cohen's kappa (1960): 1 for full agreement, 0 for that of chance; NaN where both always say
    one and the same."""


def guideline() -> str:
    """What raters are told, as Markdown."""
    return files("benchmark.multiturn").joinpath("guideline.md").read_text("utf-8")


def write_form(
    path: Path, cases: Iterable[BenchCase], raters: Sequence[str], folder: RunFolder
) -> None:
    """A form with a row for each turn and rater, to be filled in with any table program."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for case in cases:
        for rater in raters:
            for number, turn in enumerate(case.turns, 1):
                of, start = len(case.turns), turn.starts_from
                image = folder.image(case.id, 1, number).relative_to(folder.path).as_posix()
                table.writerow((case.id, number, of, start, turn.instruction, image, rater, ""))
    path.write_text(out.getvalue(), encoding="utf-8")


def read_form(path: Path) -> tuple[Vote, ...]:
    """The votes of a form that was filled in, in its order; rows that were not rated are passed.

    Columns may stand in any order, and others beside them; a semicolon may part them, as table
    programs of many countries have it.

    Raises:
        ImgEditError: It cannot be read, lacks a column, or holds an answer that is neither.
    """
    table = read_table(path, {"case", "turn", "rater", "done"})
    votes: dict[tuple[str, int, str], Vote] = {}
    for row in filter(counts, table):
        vote = _vote(path, table.line_num, row)
        if vote is None:
            continue
        key = (vote.case_id, vote.turn, vote.rater)
        if key in votes:
            what = f"{vote.rater} rates turn {vote.turn} of {vote.case_id} again"
            message = f"{path}, line {table.line_num}: {what}; delete one of the two"
            raise ImgEditError(message)
        votes[key] = vote
    return tuple(votes.values())


def _vote(path: Path, line: int, row: dict[str, str | None]) -> Vote | None:
    done = (row["done"] or "").strip().lower()
    if done not in _ANSWERS:
        message = f"{path}, line {line}: done is {done!r}; answer yes or no, or leave it empty"
        raise ImgEditError(message)
    answer = _ANSWERS[done]
    if answer is None:
        return None
    turn = (row["turn"] or "").strip()
    if not turn.isascii() or not turn.isdigit():
        message = f"{path}, line {line}: turn is {turn!r}; it is a whole number from 1 on"
        raise ImgEditError(message)
    case, rater = (row["case"] or "").strip(), (row["rater"] or "").strip()
    return Vote(case_id=case, turn=int(turn), rater=rater, yes=answer)


def agreement(checked: Mapping[tuple[str, int], bool], votes: Iterable[Vote]) -> RaterAgreement:
    """How the checks agree with raters; votes on turns that were not checked do not count.

    Args:
        checked: Whether the checks say yes, by case and turn.
        votes: Of any raters.
    """
    pairs = [
        (checked[vote.case_id, vote.turn], vote.yes)
        for vote in votes
        if (vote.case_id, vote.turn) in checked
    ]
    same = sum(one == two for one, two in pairs)
    # Of two grades, errors weighted by their square are Cohen's own kappa.
    kappa = quadratic_kappa([1 + one for one, _ in pairs], [1 + two for _, two in pairs])
    return RaterAgreement(share=wilson(same, len(pairs)), kappa=kappa)
