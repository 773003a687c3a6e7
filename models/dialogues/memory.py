"""Dialogues of content memory: a look that is said once and holds for every result."""

from models.dialogues.dialogue import Reference, WrittenDialogue
from models.dialogues.draft import Draft
from models.dialogues.phrases import phrases
from models.dialogues.scenes import Effect, effect_of, look_of
from models.faults import FaultError, Reason
from models.vocabulary import APPEARANCES, Target
from models.write.english import head, indefinite, is_person
from models.write.targets import another, appearances_for, dressed
from models.write.words import usual_colours

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
