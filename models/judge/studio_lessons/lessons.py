"""Lessons from studio scenes: perfect, spoiled and painted results, each with what it deserves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from models.edit_types.spec import EditType, Onto
from models.geometry import Rgb
from models.judge.deserved import deserved
from models.judge.judgement import JudgeRequest
from models.judge.lesson import Lesson
from models.judge.origin import Origin
from models.judge.studio_lessons import faults, painters
from models.judge.studio_lessons.edits import FIRST_SCENE, StudioEdit, clip_edit, scene_edits
from models.studio.oracle import failure_degree, perfect_images
from models.studio.spoil import SUITABLE, Flaw, spoil

TYPES = (
    *("remove", "add", "replace", "alter", "object_extraction", "visual_edit", "hybrid"),
    *("replace", "remove"),
)
"""Types whose perfect results can be rendered, in the order in which scenes take turns with them;
dialogues are made of the same operations."""
EDITS_PER_SCENE = 4
FLAWS_PER_EDIT = 3
ROUGH_PER_EDIT = 2
SEEN_FROM = 0.1
"""Damage that the oracle holds for less is left out: it does not look for every kind, and a lesson
that calls a damaged result perfect teaches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syllabus:
    """Which faults lessons are made with."""

    flaws: tuple[Flaw, ...] = tuple(Flaw)
    damages: Mapping[str, faults.Damage]
    paints: Mapping[str, painters.Paint]


LEARNT = Syllabus(damages=faults.LEARNT, paints=painters.LEARNT)
UNSEEN = Syllabus(flaws=(), damages=faults.UNSEEN, paints=painters.UNSEEN)


def lessons_of(
    number: int, edit_types: Mapping[str, EditType], syllabus: Syllabus
) -> Iterator[Lesson]:
    """The lessons about the training scene and the clip of that number.

    The same for the same arguments.
    """
    first = number * EDITS_PER_SCENE
    wanted = tuple(TYPES[(first + i) % len(TYPES)] for i in range(EDITS_PER_SCENE))
    index = FIRST_SCENE + number
    for at, edit in enumerate(scene_edits(index, wanted, edit_types, seed=first)):
        rng = np.random.default_rng((number, at))
        yield from _lessons(edit, f"studio://scene/{index}", edit_types, syllabus, rng)
    if clip := clip_edit(index, edit_types, seed=first):
        rng = np.random.default_rng((number, EDITS_PER_SCENE))
        yield from _lessons(clip, f"studio://clip/{index}", edit_types, syllabus, rng)


def _lessons(
    edit: StudioEdit,
    group: str,
    edit_types: Mapping[str, EditType],
    syllabus: Syllabus,
    rng: np.random.Generator,
) -> Iterator[Lesson]:
    for kind, images in _results(edit, edit_types, syllabus, rng):
        failure = failure_degree(edit.case, images)
        if kind in syllabus.damages and failure.degree < SEEN_FROM:
            continue
        request = JudgeRequest(
            edit_type=edit.edit_type,
            instruction=edit.written.text,
            operations=edit.written.operations,
            edit_types=edit_types,
            source=images["source"],
            target=images["target"],
            reference=images.get("reference"),
            masks=edit.masks,
        )
        named = sha256(f"{group}\0{edit.written.text}\0{kind}".encode())
        for image in images.values():
            named.update(image.tobytes())
        yield Lesson(
            id=named.hexdigest()[:16],
            request=request,
            label=deserved(
                degree=failure.degree,
                undone=failure.undone,
                craft=failure.craft,
                harm=failure.harm,
            ),
            origin=Origin.ORACLE,
            group=group,
            kind=kind,
        )


def _results(
    edit: StudioEdit,
    edit_types: Mapping[str, EditType],
    syllabus: Syllabus,
    rng: np.random.Generator,
) -> Iterator[tuple[str, dict[Onto, Rgb]]]:
    """Pairs of that edit, by what is wrong with them."""
    yield "perfect", perfect_images(edit.case)
    kinds = {part.kind for side in edit.case.sides.values() for part in side.parts}
    flaws = [f for f in syllabus.flaws if all(f in SUITABLE[kind] for kind in kinds)]
    names = [*flaws, *syllabus.damages]
    for name in rng.choice(names, min(FLAWS_PER_EDIT, len(names)), replace=False):
        degree = float(rng.uniform(0.05, 1.0))
        yield str(name), _wrong(edit, str(name), degree, syllabus, int(rng.integers(2**31)))
    paints = list(syllabus.paints)
    first = paints[:1] if "classical" in syllabus.paints else []
    rough = [p for p in paints if p not in first]
    rough = [str(p) for p in rng.choice(rough, min(ROUGH_PER_EDIT, len(rough)), replace=False)]
    for name in [*first, *rough]:
        paint = syllabus.paints[name]
        images = painters.painted(edit, paint, edit_types, int(rng.integers(2**31)))
        if images is not None:
            yield f"painted:{name}", images


def _wrong(
    edit: StudioEdit, name: str, degree: float, syllabus: Syllabus, seed: int
) -> dict[Onto, Rgb]:
    """The perfect pair with one thing wrong in every image that was edited."""
    images = perfect_images(edit.case)
    for onto, side in edit.case.sides.items():
        for part in side.parts:
            if name in syllabus.damages:
                rng = np.random.default_rng(seed)
                images[onto] = syllabus.damages[name](images[onto], part.region, degree, rng)
                continue
            images[onto] = spoil(
                images[onto], side.given, part.region, Flaw(name), degree=degree, seed=seed
            )
    return images
