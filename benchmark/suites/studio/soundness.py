"""Whether a case can be asked.

Its object is there to be seen, the edit is possible, and the words name one thing only.
"""

from collections.abc import Iterator

from benchmark.cases import BenchCase
from benchmark.suites.studio.versions import TYPES, truth_of, version_of
from benchmark.suites.studio.wording import names_one
from models.dialogues.scenes import Effect, effect_of
from models.edit_types.spec import Operation
from models.faults import ImgEditError
from models.geometry import Box
from models.studio import sprites
from models.studio.perfect import replacement
from models.studio.scene import Scene
from models.studio.scene_object import SceneObject
from models.write.instruction import WrittenInstruction

LEAST_FRAC = 0.012
"""Least share of the canvas of an object that an edit is about."""
LEAST_NEW_BOX = 0.5
"""How much of its box is taken by what takes its place: a car where a palm tree was is a toy."""


def sound(case: BenchCase) -> BenchCase:
    """The case itself.

    Raises:
        ImgEditError: It cannot be asked.
    """
    if fault := next(filter(None, _faults(case)), ""):
        message = f"{case.suite}, {case.id}: {fault}; make the case from another number"
        raise ImgEditError(message)
    return case


def fits(scene: Scene, subjects: tuple[int, ...], written: WrittenInstruction) -> bool:
    """Whether an instruction can be carried out in a scene, and names one thing only."""
    return (
        not any(_unfit(scene, subjects[o.subject], o) for o in written.operations)
        and not names_one(written.text, scene, subjects, written.operations)
        # Whoever is asked to cut a thing out of a picture may also give the thing alone.
        and not ("remove" in {o.edit_type for o in written.operations} and _cuts(written.text))
    )


def _cuts(text: str) -> bool:
    return "cut out" in text.lower()


def share_of(thing: SceneObject, width: int, height: int) -> float:
    """The share of a canvas that an object covers, as far as it lies on it; nothing is drawn."""
    inside = thing.box.clipped(width, height).area_px
    return inside * sprites.fill(thing.codepoint, thing.wear) / (width * height)


def _faults(case: BenchCase) -> Iterator[str]:
    truth = truth_of(case)
    canvas = Box.canvas(truth.scene.width, truth.scene.height)
    for subject in truth.subjects:
        box = truth.scene.objects[subject].box
        if box.union(canvas) != canvas:
            yield f"the {truth.scene.objects[subject].name} lies beyond the canvas"
    for number, turn in enumerate(case.turns, 1):
        if not turn.instruction or not turn.operations:
            yield f"turn {number} asks for nothing"
        version = version_of(case, turn.starts_from)
        for operation in turn.operations:
            if not truth.subjects:
                continue
            subject = truth.subjects[operation.subject]
            adds = _effect(operation) is Effect.APPEARS
            if adds != (subject in version.gone):
                yield f"turn {number}: the {operation.name} is {'' if adds else 'not '}there"
            if fault := _unfit(version.scene, subject, operation):
                yield f"turn {number}: {fault}"
        # Dialogues have a check of their own; of several alike, the words count from one side.
        if len(case.turns) == 1 and truth.subjects and "instances" not in case.groups:
            yield names_one(turn.instruction, version.scene, truth.subjects, turn.operations)


def _unfit(scene: Scene, subject: int, operation: Operation) -> str:
    thing, canvas = scene.objects[subject], (scene.width, scene.height)
    if (share := share_of(thing, *canvas)) < LEAST_FRAC:
        return f"the {thing.name} covers {share:.1%}"
    if _effect(operation) is not Effect.BECOMES:
        return ""
    new = replacement(thing, operation.target.key)
    if (share := new.box.area_px / thing.box.area_px) < LEAST_NEW_BOX:
        return f"a {new.name} would take {share:.0%} of the {thing.name}'s box"
    return ""


def _effect(operation: Operation) -> Effect:
    return effect_of(TYPES[operation.edit_type])
