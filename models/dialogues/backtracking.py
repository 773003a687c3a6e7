"""Dialogues of version backtracking: a last turn that goes back to an older version."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from models.dialogues.dialogue import WrittenDialogue
from models.dialogues.draft import Draft
from models.dialogues.phrases import phrases
from models.dialogues.scenes import Effect, effect_of
from models.faults import FaultError, Reason
from models.write.clauses import clause
from models.write.words import nouns


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One turn of a plan."""

    operation: str
    appears: bool
    subject: int
    starts_from: int


def write_backtracking(draft: Draft, turns: int) -> WrittenDialogue:
    """A dialogue of two objects in two or three turns, of which the last goes back.

    Raises:
        FaultError: No operation or no words fit.
    """
    types = draft.request.edit_types
    operations = tuple(
        (name, effect_of(types[name]) is Effect.APPEARS)
        for name in draft.operations(*(e for e in Effect if e is not Effect.VANISHES))
    )
    unnamed = frozenset(
        i for i, s in enumerate(draft.request.subjects) if s.name in nouns("unnamed")
    )
    plans = [
        plan
        for plan in _plans(operations, turns)
        if not any(move.appears and move.subject in unnamed for move in plan)
    ]
    if not plans:
        raise FaultError(Reason.NOTHING_TO_SAY, f"no dialogue of {turns} turns can be planned")
    plan = plans[int(draft.rng.integers(len(plans)))]
    for move in plan:
        _write_turn(draft, move)
    return draft.dialogue()


@cache
def _plans(operations: tuple[tuple[str, bool], ...], turns: int) -> tuple[tuple[Move, ...], ...]:
    """Every sound plan of two objects: each turn goes on from the last but the final one."""
    onwards = tuple(range(turns - 1))
    choices = tuple(product(operations, (0, 1)))
    plans = [
        tuple(
            Move(operation=name, appears=appears, subject=subject, starts_from=start)
            for ((name, appears), subject), start in zip(chosen, (*onwards, back), strict=True)
        )
        for back in range(turns - 1)
        for chosen in product(choices, repeat=turns)
    ]
    return tuple(plan for plan in plans if _is_sound(plan))


def _is_sound(plan: Sequence[Move]) -> bool:
    """Whether each turn's object is there to be edited, or is not there yet where it is added."""
    added = [move.subject for move in plan if move.appears]
    there: list[set[int]] = [{0, 1} - set(added)]
    for move in plan:
        before = there[move.starts_from]
        if move.appears == (move.subject in before):
            return False
        there.append(before | {move.subject})
    return len(added) == len(set(added))


def _write_turn(draft: Draft, move: Move) -> None:
    number = len(draft.turns) + 1
    asked = draft.ask(move.operation, move.subject, move.starts_from, None)
    goes_back = move.starts_from < number - 1
    if not goes_back and (number == 1 or draft.rng.integers(2)):
        draft.add(draft.name(asked), asked, move.starts_from, "name")
        return
    said = clause(asked, draft.rng, placed=bool(draft.rng.integers(2)))
    if not goes_back:
        text = draft.say(phrases("backtracking", "onwards"), asked, clause=said)
        draft.add(text, asked, move.starts_from, "name")
        return
    ways = _ways_back(number, move.starts_from)
    way = draft.pick(ways)
    if way == "last" and said and _repeats(draft, move):
        said = f"{said} instead"
    text = draft.say(phrases("backtracking", "back", way), asked, clause=said)
    draft.add(text, asked, move.starts_from, "version")


def _ways_back(number: int, starts_from: int) -> list[str]:
    """The headings of the words that lead from turn `number` to that version."""
    if starts_from == 0:
        return ["original", "last" if number == 2 else "both"]
    return ["first", "last"]


def _repeats(draft: Draft, move: Move) -> bool:
    """Whether the turn edits the object whose last edit it undoes."""
    return draft.turns[-1].operations[0].subject == move.subject
