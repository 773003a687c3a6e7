"""Lessons from exercises: a pair as it was painted, as it should be, and with flaws."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imgedit_assets.judging.exercises import Exercise
from imgedit_assets.stages.pairs import decoded_masks
from imgedit_assets.stages.probes import spoiled_images, suitable_flaws
from imgedit_assets.stages.truth import studio_case
from models.edit_types.spec import Onto
from models.geometry import Rgb
from models.judge.deserved import deserved
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.lesson import Lesson
from models.judge.studio_lessons.faults import LEARNT, Damage
from models.studio.oracle import failure_degree, perfect_images
from models.studio.perfect import Case
from models.studio.spoil import Flaw
from resources.factory import Factory
from resources.operations import operations_from_json
from resources.recipes import digest
from resources.schema import EditPair, PairRow

PAINTED, PERFECT = "painted", "perfect"

LEAST_DEGREE = 0.1

VERSION = "1"
"""Raised by hand when the lessons of the same exercises become others."""


def lessons_of(factory: Factory, exercise: Exercise, pair: EditPair) -> Iterator[Lesson]:
    """The lessons of an exercise: what was painted first; the same for the same pair."""
    request = request_of(factory, pair)
    if exercise.label is not None:
        yield _lesson(exercise, request, PAINTED, exercise.label.capped())
        return
    case = studio_case(exercise.uris, pair.operations, request.masks, factory.edit_types)
    assert case is not None
    painted: dict[Onto, Rgb] = {"source": request.source, "target": request.target}
    if request.reference is not None:
        painted["reference"] = request.reference
    yield _judged(exercise, request, PAINTED, case, painted)
    if exercise.flaws:
        yield _judged(exercise, request, PERFECT, case, perfect_images(case))
        for kind, images in _spoilt(exercise, case):
            yield _judged(exercise, request, kind, case, images)


def request_of(factory: Factory, pair: PairRow) -> JudgeRequest:
    """What a judge is shown of a pair, as it is stored."""
    render = factory.store.render
    return JudgeRequest(
        edit_type=factory.edit_types[pair.edit_type],
        edit_types=factory.edit_types,
        instruction=pair.instruction,
        operations=operations_from_json(pair.operations),
        source=render(pair.source_version_id),
        target=render(pair.target_version_id),
        reference=render(pair.reference_version_id) if pair.reference_version_id else None,
        masks=decoded_masks(pair.masks, width=pair.width, height=pair.height),
    )


def _spoilt(exercise: Exercise, case: Case) -> Iterator[tuple[str, dict[Onto, Rgb]]]:
    """Results with a flaw or a damage of different kinds, of any degree."""
    seed = int(digest("flaws", exercise.pair_id)[:15], 16)
    rng = np.random.default_rng(seed)
    kinds = [*map(str, suitable_flaws(case)), *LEARNT]
    for kind in rng.choice(kinds, min(exercise.flaws, len(kinds)), replace=False):
        degree = float(rng.uniform(LEAST_DEGREE, 1))
        if kind in LEARNT:
            yield str(kind), _damaged(case, LEARNT[kind], degree, rng)
        else:
            yield str(kind), spoiled_images(case, Flaw(kind), degree, seed)


def _damaged(
    case: Case, damage: Damage, degree: float, rng: np.random.Generator
) -> dict[Onto, Rgb]:
    """The perfect pair, damaged in every image that was edited."""
    images = perfect_images(case)
    for onto, side in case.sides.items():
        for part in side.parts:
            images[onto] = damage(images[onto], part.region, degree, rng)
    return images


def _judged(
    exercise: Exercise, request: JudgeRequest, kind: str, case: Case, images: dict[Onto, Rgb]
) -> Lesson:
    """A lesson whose label the oracle gives."""
    found = failure_degree(case, images)
    label = deserved(
        degree=found.degree, undone=found.undone, craft=found.craft, harm=found.harm
    ).capped()
    shown = replace(
        request,
        source=images["source"],
        target=images["target"],
        reference=images.get("reference"),
    )
    return _lesson(exercise, shown, kind, label)


def _lesson(exercise: Exercise, request: JudgeRequest, kind: str, label: Judgement) -> Lesson:
    return Lesson(
        id=digest("lesson", VERSION, exercise.pair_id, exercise.origin, kind),
        request=request,
        label=label,
        origin=exercise.origin,
        group=exercise.group,
        kind=kind,
    )
