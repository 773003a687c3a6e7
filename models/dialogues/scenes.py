"""What each version of a dialogue shows of its subjects: there or not, under what name, how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.dialogues.dialogue import Turn
from models.edit_types.spec import EditType, Operation, Vocabulary
from models.vocabulary import APPEARANCES, PaintKind
from models.write.instruction import Subject
from models.write.targets import bare


class Effect(StrEnum):
    """What an edit does to its subject."""

    APPEARS = "appears"
    VANISHES = "vanishes"
    BECOMES = "becomes"
    """Another object stands in its place."""
    DRESSED = "dressed"
    """It has another colour or material."""
    STAYS = "stays"
    """It is the same thing of the same look, otherwise changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One subject in one version."""

    name: str
    look: str = ""
    """The key of its appearance, where its name or an edit says one."""
    here: bool = True


Scene = tuple[Thing, ...]
"""The subjects of a request, in its order, as one version shows them."""


def effect_of(edit_type: EditType) -> Effect:
    """What a type does, by its plan of steps."""
    if edit_type.brief.vocabulary is Vocabulary.APPEARANCE:
        return Effect.DRESSED
    if any(step.onto == "source" and step.paint is PaintKind.ERASE for step in edit_type.steps):
        return Effect.APPEARS
    paints = [step.paint for step in edit_type.steps if step.onto == "target"]
    if PaintKind.INSERT in paints:
        return Effect.BECOMES
    return Effect.VANISHES if paints == [PaintKind.ERASE] else Effect.STAYS


def look_of(name: str) -> str:
    """The key of the appearance that a name tells of: "red" of a "red apple"; else ""."""
    words = name.lower().split()[:-1]
    return next((a.key for a in APPEARANCES.values() if {a.key, a.adjective} & set(words)), "")


def given_scene(
    subjects: Sequence[Subject], turns: Sequence[Turn], edit_types: Mapping[str, EditType]
) -> Scene:
    """Version 0: all subjects but those that some turn adds."""
    added = {
        operation.subject
        for turn in turns
        for operation in turn.operations
        if effect_of(edit_types[operation.edit_type]) is Effect.APPEARS
    }
    return tuple(seen(subject.name, here=i not in added) for i, subject in enumerate(subjects))


def seen(name: str, *, look: str = "", here: bool = True) -> Thing:
    """A thing of that name; what the name says of its look is its look unless one is given."""
    own = look_of(name)
    return Thing(name=bare(name) if look and own else name, look=look or own, here=here)


def after(scene: Scene, operation: Operation, effect: Effect) -> Scene:
    """The scene with one operation done."""
    old, target = scene[operation.subject], operation.target
    match effect:
        case Effect.APPEARS:
            new = replace(old, here=True)
        case Effect.VANISHES:
            new = replace(old, here=False)
        case Effect.BECOMES:
            new = seen(target.key, look=target.look)
        case Effect.DRESSED:
            new = replace(old, name=bare(old.name), look=target.key)
        case Effect.STAYS:
            new = old
    return (*scene[: operation.subject], new, *scene[operation.subject + 1 :])


def after_turn(scene: Scene, turn: Turn, edit_types: Mapping[str, EditType]) -> Scene:
    """The scene with a turn's operations done in their order."""
    for operation in turn.operations:
        scene = after(scene, operation, effect_of(edit_types[operation.edit_type]))
    return scene


def versions(
    turns: Sequence[Turn], subjects: Sequence[Subject], edit_types: Mapping[str, EditType]
) -> tuple[Scene, ...]:
    """Version 0 and the result of each turn; every turn starts from a version before it."""
    scenes = [given_scene(subjects, turns, edit_types)]
    for turn in turns:
        scenes.append(after_turn(scenes[turn.starts_from], turn, edit_types))
    return tuple(scenes)
