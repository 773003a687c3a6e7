"""The embedded writer of dialogues: a grammar over templates, and no model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from models.dialogues.dialogue import DialogueRequest, Reference, WrittenDialogue
from models.dialogues.draft import Draft, phrases
from models.dialogues.referring import share_place
from models.dialogues.scenes import Effect, effect_of, look_of
from models.edit_types.spec import Ability
from models.faults import Fault, FaultError, Reason
from models.vocabulary import APPEARANCES, Target
from models.write.english import head, indefinite, is_mass, is_person, is_plural
from models.write.phrasing import clause
from models.write.targets import another, appearances_for, dressed
from models.write.words import nouns, usual_colours


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
        _write_version(draft, move)
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


def _write_version(draft: Draft, move: Move) -> None:
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


_REFERENCES: tuple[Reference, ...] = ("pronoun", "ellipsis", "position")


def write_understanding(draft: Draft, turns: int) -> WrittenDialogue:
    """A dialogue of one object in so many turns.

    Raises:
        FaultError: No operation or no words fit.
    """
    effects = [_first(draft)]
    references: list[Reference] = ["name"]
    while len(draft.turns) < turns:
        is_last = len(draft.turns) == turns - 1
        effect, name = _next(draft, effects, is_last=is_last)
        reference = _reference(draft, effects[-1], effect, references[-1])
        _write_later(draft, name, effect, reference)
        effects.append(effect)
        references.append(reference)
    return draft.dialogue()


def _first(draft: Draft) -> Effect:
    """Write the turn that names the object."""
    choices = draft.operations(*(effect for effect in Effect if effect is not Effect.VANISHES))
    if draft.request.subjects[0].name in nouns("unnamed"):
        adding = draft.operations(Effect.APPEARS)
        choices = [name for name in choices if name not in adding]
    name = draft.pick(choices)
    asked = draft.ask(name, 0, 0, None)
    draft.add(draft.name(asked), asked, 0, "name")
    return effect_of(draft.request.edit_types[name])


def _next(draft: Draft, before: list[Effect], *, is_last: bool) -> tuple[Effect, str]:
    """An operation that makes sense after the others."""
    open_to = {Effect.DRESSED, Effect.BECOMES}
    if is_last and before[0] is not Effect.APPEARS:
        open_to.add(Effect.VANISHES)
    others = draft.operations(*open_to - {before[-1]})
    # Three edits of one kind in a row are dull.
    is_dull = before[-2:] == [before[-1]] * 2
    name = draft.pick((others if is_dull else []) or draft.operations(*open_to))
    return effect_of(draft.request.edit_types[name]), name


def _reference(draft: Draft, before: Effect, effect: Effect, last: Reference) -> Reference:
    """A way to refer that the words allow; two turns in a row differ in it where they can."""
    thing = draft.scenes[-1][0]
    open_to = [r for r in _REFERENCES if phrases("understanding", r, effect)]
    # "Or a sofa instead", said of a red chair, leaves open whether the sofa is red.
    if effect is Effect.BECOMES and before not in (Effect.BECOMES, Effect.APPEARS):
        open_to = [r for r in open_to if r != "ellipsis"]
    if is_mass(thing.name) or not _is_alone_there(draft):
        open_to = [r for r in open_to if r != "position"]
    others = [r for r in open_to if r != last] or open_to
    return others[int(draft.rng.integers(len(others)))]


def _is_alone_there(draft: Draft) -> bool:
    """Whether its place tells the object from the others of the request."""
    request = draft.request
    canvas = {"width": request.width, "height": request.height}
    own, *others = (subject.box for subject in request.subjects)
    return not any(share_place(own, other, **canvas) for other in others)


def _write_later(draft: Draft, name: str, effect: Effect, reference: Reference) -> None:
    version = len(draft.turns)
    asked = draft.ask(name, 0, version, None)
    one = "ones" if is_plural(draft.scenes[version][0].name) else "one"
    text = draft.say(phrases("understanding", reference, effect), asked, one=one)
    draft.add(text, asked, version, reference)


MOST_DRAWS = 40
"""Draws of a new object before the writer gives up on one that can have the look."""


def write_memory(draft: Draft, turns: int) -> WrittenDialogue:
    """A dialogue of two objects, one a turn; a third turn puts a new one in an edited one's place.

    Raises:
        FaultError: No look would change the objects, or no words fit.
    """
    premise = _premise(draft)
    first = int(draft.rng.integers(2))
    names = draft.operations(Effect.DRESSED, Effect.BECOMES)
    plan = [(draft.pick(names), subject) for subject in (first, 1 - first)]
    types = draft.request.edit_types
    kept = [subject for name, subject in plan if effect_of(types[name]) is Effect.DRESSED]
    replacing = draft.operations(Effect.BECOMES)
    # A new object that makes room for yet another at once would be idle.
    if turns > len(plan) and kept and replacing:
        plan.append((draft.pick(replacing), kept[0]))
    for name, subject in plan:
        _write_turn(draft, name, subject, premise)
    return draft.dialogue(premise)


def _premise(draft: Draft) -> str:
    """A look that no object has, that all could have, and that nothing said so far tells of."""
    said = " ".join((draft.request.caption, *(s.name for s in draft.request.subjects)))
    open_to = [
        {look.key for look in appearances_for(subject.name, said)}
        for subject in draft.request.subjects
    ]
    common = set.intersection(*open_to)
    return draft.pick([key for key in APPEARANCES if key in common])


def _write_turn(draft: Draft, name: str, subject: int, premise: str) -> None:
    version = len(draft.turns)
    effect = effect_of(draft.request.edit_types[name])
    thing = draft.scenes[version][subject]
    if effect is Effect.DRESSED:
        target = dressed(thing.name, premise)
    else:
        target = _newcomer(draft, name, subject, premise)
    asked = draft.ask(name, subject, version, target)
    look = APPEARANCES[premise]
    slots = {"adjective": look.adjective, look.kind: look.key, "target": indefinite(target.key)}
    place = "later" if version else "first"
    text = draft.say(phrases("memory", place, effect), asked, **slots)
    reference: Reference = "premise" if version and effect is Effect.DRESSED else "name"
    draft.add(text, asked, version, reference)


def _newcomer(draft: Draft, name: str, subject: int, premise: str) -> Target:
    """A new object in the look, which is not what such objects look like anyway."""
    colour = APPEARANCES[premise].kind == "colour"
    for _ in range(MOST_DRAWS):
        drawn = draft.ask(name, subject, len(draft.turns), None).operation.target.key
        usual = premise in usual_colours(head(drawn))
        if not usual and not look_of(drawn) and not (colour and is_person(drawn)):
            return another(drawn, premise)
    detail = f"no {premise} object could take the place of subject {subject}"
    raise FaultError(Reason.NOTHING_TO_SAY, detail)


MOST_TURNS = 3
"""The grammar knows no longer dialogues."""

_WRITERS: Mapping[Ability, Callable[[Draft, int], WrittenDialogue]] = {
    Ability.MEMORY: write_memory,
    Ability.UNDERSTANDING: write_understanding,
    Ability.BACKTRACKING: write_backtracking,
}


class GrammarDialogueWriter:
    """Writes dialogues from templates, deterministic by the request's seed.

    It knows names, boxes and the caption, never pixels. A row's writer says that it is a grammar.
    """

    name = "grammar"
    version = "2"

    def setup(self) -> None:
        """There is nothing to load."""

    def params(self) -> Mapping[str, object]:
        """None: the briefs that are written from enter the recipe by themselves."""
        return {}

    def write_dialogues(self, requests: Sequence[DialogueRequest]) -> list[WrittenDialogue | Fault]:
        """One dialogue for each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: DialogueRequest) -> WrittenDialogue | Fault:
        rng = np.random.default_rng(request.seed)
        try:
            return _written(request, rng)
        except FaultError as error:
            return error.fault


def _written(request: DialogueRequest, rng: np.random.Generator) -> WrittenDialogue:
    rule = request.edit_type.dialogue
    if rule is None or rule.min_turns > MOST_TURNS:
        detail = f"{request.edit_type.name}: the grammar writes dialogues of at most {MOST_TURNS}"
        raise FaultError(Reason.NOTHING_TO_SAY, f"{detail} turns")
    turns = int(rng.integers(rule.min_turns, min(rule.max_turns, MOST_TURNS) + 1))
    return _WRITERS[rule.ability](Draft(request, rng), turns)
