"""Dialogues of content understanding: one object that only the first turn names."""

from models.dialogues.dialogue import Reference, WrittenDialogue
from models.dialogues.draft import Draft
from models.dialogues.phrases import phrases
from models.dialogues.referring import share_place
from models.dialogues.scenes import Effect, effect_of
from models.write.english import is_mass, is_plural
from models.write.words import nouns

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
