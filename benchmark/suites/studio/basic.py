"""`studio-basic`: nine tasks, built as the paper built its own (docs/paper.md, "ImgEdit-Bench").

734 cases on 179 pictures. Sixty concepts, each alone in two sparse pictures, are adjusted, removed,
replaced, extracted and set before other backgrounds; each picture of *add* lacks five things, ten
pictures are shown in ten styles, and people act in clips. The paper gives extract 117, which sums
to 737; here it has 114.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.cases import BenchCase, CaseTurn, StudioTruth
from benchmark.suites.studio.concepts import concepts
from benchmark.suites.studio.layouts import (
    gathered,
    scaled,
    settings_for,
    shuffled,
    sparse,
    suited,
    two_apart,
)
from benchmark.suites.studio.pictures import studio_case
from benchmark.suites.studio.soundness import fits, sound
from benchmark.suites.studio.wording import Said, request_for, said
from models.studio.catalogue import CatalogueObject, names
from models.studio.frames import make_clip
from models.studio.scene import Scene
from models.studio.settings import SETTINGS
from models.vocabulary import STYLES, Target

NAME = "studio-basic"
COUNTS = {
    "add": 95,
    "adjust": 94,
    "extract": 114,
    "replace": 92,
    "remove": 86,
    "background": 94,
    "style": 100,
    "compose": 23,
    "action": 36,
}
"""Cases of each task, in the order of the paper's table."""

ALONE = {
    "adjust": "alter",
    "extract": "object_extraction",
    "replace": "replace",
    "remove": "remove",
    "background": "background_change",
}
"""The tasks of the sparse pictures, with their edit types."""

STYLE_KEYS = (
    *("watercolour", "oil", "pencil", "ink", "popart", "mosaic", "pixel", "sepia", "night"),
    "noir",
)
"""Ten of the vocabulary's styles: drawn pictures are cartoons already."""

_SEED = 20250521
_SHORT_SIDE_PX = 1024
_VARIANTS = 2
_ADDED = 5


def basic_cases(folder: Path) -> tuple[BenchCase, ...]:
    """All cases, task by task; `folder` holds the pictures."""
    made: dict[str, list[BenchCase]] = {task: [] for task in COUNTS}
    for task, scene, subjects, what in _planned():
        number = len(made[task]) + 1
        case = studio_case(
            folder,
            name=f"{task}-{number:03d}",
            suite=NAME,
            task=task,
            turns=[CaseTurn(instruction=what.text, starts_from=0, operations=what.operations)],
            truth=StudioTruth(scene=scene[0], subjects=subjects, after=(*scene, None)[1]),
        )
        made[task].append(sound(case))
    return tuple(case for cases in made.values() for case in cases)


Planned = tuple[str, tuple[Scene, ...], tuple[int, ...], Said]
"""A task, its scene (of a clip both frames), the subjects, and the instruction."""


def _planned() -> Iterator[Planned]:
    yield from _additions()
    yield from _alone()
    yield from _styles()
    yield from _compositions()
    yield from _actions()


def _rng(task: str, number: int) -> np.random.Generator:
    return np.random.default_rng((_SEED, list(COUNTS).index(task), number))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _additions() -> Iterator[Planned]:
    """Five things that a picture lacks, each to be added by itself."""
    stages = _stages()
    for picture in range(COUNTS["add"] // _ADDED):
        rng = _rng("add", picture)
        setting = stages[picture % len(stages)]
        full = gathered(setting, shuffled(_known_in(setting), rng), 1 + _ADDED, rng)
        base = (max(full.objects, key=lambda thing: thing.box.area_px),)
        for new in [o for o in full.objects if o not in base]:
            objects = tuple(o for o in full.objects if o in base or o is new)
            scene = replace(full, objects=objects)
            subjects = (objects.index(new),)
            yield (
                "add",
                (scene,),
                subjects,
                said(request_for(scene, "add", subjects, _seed(rng)), placed=True),
            )


def _stages() -> list[str]:
    """Settings with concepts enough to choose from."""
    return [key for key in SETTINGS if len(_known_in(key)) >= _ADDED + 3]


def _known_in(setting: str) -> list[CatalogueObject]:
    """The concepts that a setting suits, small enough to stand with others.

    Only those of the studio's catalogue, which embedded painters and judges know.
    """
    known = [t for t in concepts() if t.name in names() and t.size < 4]
    return [t for t in known if setting in settings_for(t)]


def _alone() -> Iterator[Planned]:
    """Each sparse picture serves four of the five tasks, or one of them twice."""
    things = concepts()
    scenes = [
        sparse(thing, np.random.default_rng((_SEED, variant, at)))
        for variant in range(_VARIANTS)
        for at, thing in enumerate(things)
    ]
    at = 0
    for task, edit_type in ALONE.items():
        for number in range(COUNTS[task]):
            scene, rng = scenes[at % len(scenes)], _rng(task, number)
            request = request_for(scene, edit_type, (0,), _seed(rng))
            if task == "background":
                noun = replace(request.subjects[0], name=scene.setting.nouns[0])
                request = replace(request, subjects=(noun,))
            yield task, (scene,), (0,), said(request, fits=partial(fits, scene, (0,)))
            at += 1


def _styles() -> Iterator[Planned]:
    for picture in range(COUNTS["style"] // len(STYLE_KEYS)):
        rng = _rng("style", picture)
        setting = list(SETTINGS)[picture]
        scene = gathered(setting, shuffled(suited(setting), rng), 4, rng)
        for key in STYLE_KEYS:
            target = Target(key=key, phrase=STYLES[key].phrase)
            request = request_for(scene, "style_transfer", (), _seed(rng))
            yield "style", (scene,), (), said(request, target)


def _compositions() -> Iterator[Planned]:
    """Two edits of two objects that stand well apart."""
    stages = _stages()
    for number in range(COUNTS["compose"]):
        rng = _rng("compose", number)
        setting = stages[number % len(stages)]
        scene, pair = two_apart(setting, shuffled(_known_in(setting), rng), rng)
        request = request_for(scene, "hybrid", pair, _seed(rng))
        yield "compose", (scene,), pair, said(request, fits=partial(fits, scene, pair))


def _actions() -> Iterator[Planned]:
    """The person of a clip's first frame, as each later frame shows it."""
    left, clip = COUNTS["action"], 0
    while left:
        first, *later = (scaled(frame, _SHORT_SIDE_PX) for frame in make_clip(clip))
        rng, person = _rng("action", clip), len(first.objects) - 1
        for after in later[:left]:
            request = request_for(
                first,
                "motion_change",
                (person,),
                _seed(rng),
                before=first.objects[person].action,
                after=after.objects[person].action,
            )
            moved = replace(request.subjects[0], box=after.objects[person].box)
            request = replace(request, subjects=(*request.subjects, moved))
            yield "action", (first, after), (person,), said(request)
        left -= len(later[:left])
        clip += 1
