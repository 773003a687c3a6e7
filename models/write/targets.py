"""What will be there after an edit, chosen from the vocabulary of its type."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.edit_types.spec import EditType, Vocabulary
from models.faults import FaultError, Reason
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, Appearance, Look, PaintKind, Target
from models.write.english import head, indefinite, is_person, is_plural, tidy
from models.write.words import kind_of, nouns, usual_colours

if TYPE_CHECKING:
    from models.studio.catalogue import CatalogueObject

FLAT_STYLES = frozenset({"cartoon"})
"""Styles that an illustration has already: applied to one, they show no change."""

LEAST_CHOICE = 3
"""A narrower choice of replacements than this is no choice."""

_LOOKS = frozenset(form for a in APPEARANCES.values() for form in (a.key, a.adjective))


def target_of(
    edit_type: EditType, *, name: str, size: str, said: str, drawn: bool, rng: np.random.Generator
) -> Target:
    """The target of an edit of `name`.

    Args:
        edit_type: Names the vocabulary; without one, its plan of steps says what will be there.
        name: The object of the edit, or the background's noun.
        size: The object's size in words, part of the phrase where the object itself is added.
        said: Everything that is said of the image: its caption and the names of its subjects.
        drawn: Whether the image is an illustration.
        rng: Decides.

    Raises:
        FaultError: Nothing in the vocabulary would be a change.
    """
    match edit_type.brief.vocabulary:
        case Vocabulary.OBJECT:
            return _another_object(name, said, rng)
        case Vocabulary.APPEARANCE:
            return _appearance(name, said, rng)
        case Vocabulary.STYLE:
            looks = [s for s in STYLES.values() if not (drawn and s.key in FLAT_STYLES)]
            return _look(looks, said, rng)
        case Vocabulary.BACKDROP:
            return _look(list(BACKDROPS.values()), said, rng)
        case Vocabulary.OWN:
            return _own(edit_type.brief.targets, said, rng)
        case _:
            return target_by_plan(edit_type, name, size)


def target_by_plan(edit_type: EditType, name: str, size: str = "") -> Target:
    """What the plan of steps leaves of the object, for types that choose from no vocabulary.

    Raises:
        FaultError: It is to be added, but its name does not say what it is.
    """
    ends_in = {step.onto for step in edit_type.steps}
    if ends_in == {"source"} and name in nouns("unnamed"):
        raise FaultError(Reason.NOTHING_TO_SAY, f"{name!r} does not say what is to be added")
    if "source" in ends_in:
        return Target(key=name, phrase=indefinite(f"{size} {name}"))
    if any(step.paint is PaintKind.ISOLATE for step in edit_type.steps):
        return Target(key=name, phrase=tidy(f"the {name} alone on a white background"))
    return Target(key="", phrase="")


def _another_object(name: str, said: str, rng: np.random.Generator) -> Target:
    # The catalogue brings its drawings along: only a writer of replacements needs it.
    from models.studio.catalogue import catalogue

    things = catalogue()
    taken = words_of(said)
    fresh = [thing for thing in things if words_of(head(thing.name)).isdisjoint(taken)]
    if not fresh:
        raise FaultError(Reason.NOTHING_TO_SAY, f"nothing in the catalogue differs from {name!r}")
    likest = _like(next((t for t in things if t.name == name), None), name, fresh)
    chosen = _pick([thing.name for thing in likest], rng)
    return another(chosen)


def _like(
    old: "CatalogueObject | None", name: str, things: Sequence["CatalogueObject"]
) -> Sequence["CatalogueObject"]:
    """Things that could stand there too: on such a ground, then of one category and of one size.

    Where nothing else could stand, a narrow choice is taken: none hangs in the air that cannot.
    """
    category = old.category if old else _category(name, things)
    closest = [thing for thing in things if _could_stand(thing, old, name)] or things
    likeness: tuple[Callable[[CatalogueObject], bool], ...] = (
        lambda thing: thing.category == category,
        lambda thing: old is None or abs(thing.size - old.size) <= 1,
    )
    for alike in likeness:
        closer = [thing for thing in closest if alike(thing)]
        if len(closer) >= LEAST_CHOICE:
            closest = closer
    return closest


def _could_stand(thing: "CatalogueObject", old: "CatalogueObject | None", name: str) -> bool:
    """Whether a thing has a ground of the old one's; of an unknown one, whether both fly or not."""
    if old is None:
        return _flies(thing.where) == (head(name) in nouns("airborne"))
    both_fly = _flies(thing.where) and _flies(old.where)
    return both_fly or not set(thing.where).isdisjoint(old.where)


def _flies(where: Sequence[str]) -> bool:
    return all(ground.endswith("sky") for ground in where)


def _category(name: str, things: Sequence["CatalogueObject"]) -> str:
    """The category of a name that the catalogue lacks; "" where nothing is known of it."""
    if is_person(name):
        return "person"
    same_noun = (thing.category for thing in things if head(thing.name) == head(name))
    return kind_of(head(name)) or next(same_noun, "")


def _appearance(name: str, said: str, rng: np.random.Generator) -> Target:
    open_to = [look.key for look in appearances_for(name, said)]
    return dressed(name, _pick(open_to, rng))


def appearances_for(name: str, said: str) -> list[Appearance]:
    """What the object can be asked to look like: what it is not already, where there is such."""
    taken = words_of(said) | usual_colours(head(name))
    # A person of marble is a statue; one who is purple all over is nobody's wish.
    open_to = [a for a in APPEARANCES.values() if a.kind == "material" or not is_person(name)]
    return [a for a in open_to if taken.isdisjoint({a.key, a.adjective})] or open_to


def dressed(name: str, look: str) -> Target:
    """The object itself in the appearance of that key."""
    return Target(key=look, phrase=indefinite(f"{APPEARANCES[look].adjective} {bare(name)}"))


def another(name: str, look: str = "") -> Target:
    """An object of that name, in an appearance where one is given."""
    phrase = f"{APPEARANCES[look].adjective} {bare(name)}" if look else name
    return Target(key=name, phrase=indefinite(phrase), look=look)


def bare(name: str) -> str:
    """The name without words of appearance: a red apple that is painted blue is a blue apple."""
    *before, noun = name.split()
    return " ".join([*(word for word in before if word not in _LOOKS), noun])


def _look(looks: Sequence[Look], said: str, rng: np.random.Generator) -> Target:
    taken = words_of(said)
    fresh = [look for look in looks if words_of(look.key.replace("_", " ")).isdisjoint(taken)]
    by_key = {look.key: look for look in fresh or looks}
    key = _pick(list(by_key), rng)
    return Target(key=key, phrase=by_key[key].phrase)


def _own(targets: Sequence[Target], said: str, rng: np.random.Generator) -> Target:
    """One of a type's own targets, but none that the image is said to show already."""
    taken = words_of(said)
    fresh = [target for target in targets if not words_of(target.phrase) <= taken]
    among = fresh or targets
    return among[int(rng.integers(len(among)))]


def _pick(keys: Sequence[str], rng: np.random.Generator) -> str:
    return keys[int(rng.integers(len(keys)))]


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, each plural beside its singular."""
    words: Iterable[str] = re.findall(r"[a-z]+", text.lower())
    return {form for word in words for form in _forms(word)}


def _forms(word: str) -> set[str]:
    if not is_plural(word):
        return {word}
    return {word, word.removesuffix("s"), word.removesuffix("es")}
