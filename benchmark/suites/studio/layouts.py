"""Scenes for cases: where the objects stand that a case needs, about one megapixel in all.

Every scene follows from its generator; none is rendered here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

import numpy as np

from models.faults import ImgEditError
from models.geometry import Box
from models.studio.catalogue import CatalogueObject, catalogue
from models.studio.layout import MARGIN_FRAC, LayoutCanvas, Place, extent, lone, surround
from models.studio.scene import Scene, as_object, make_stage, visible_masks
from models.studio.scene_object import silhouette
from models.studio.settings import SETTINGS, Background

Found = TypeVar("Found")

SIZES = ((1024, 1024), (1152, 896), (896, 1152))
"""Widths and heights, pixels: what editors are mostly trained at."""

SHARE = (0.11, 0.17)
"""Share of the canvas that a single subject covers on the ground."""

APART_PX = 100
"""docs/paper.md, "Instructions": two subjects of one sentence are farther apart."""

_TRIES = 200
_HIDDEN = (0.2, 0.45)
"""How much of a partly occluded object cannot be seen."""


def empty(setting: str, rng: np.random.Generator) -> Scene:
    """A setting without objects."""
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    background = Background(
        setting=setting,
        seed=int(rng.integers(2**31)),
        horizon_frac=float(rng.uniform(*SETTINGS[setting].horizon_frac)),
    )
    return Scene(index=0, width=width, height=height, background=background, objects=())


def settings_for(thing: CatalogueObject) -> list[str]:
    """The settings in which a thing makes sense."""
    return [
        key
        for key, setting in SETTINGS.items()
        if not {*setting.grounds, setting.above}.isdisjoint(thing.where)
    ]


def sparse(thing: CatalogueObject, rng: np.random.Generator) -> Scene:
    """The thing alone in one of its settings, large."""
    open_to = settings_for(thing)
    scene = empty(open_to[int(rng.integers(len(open_to)))], rng)
    place = lone(_stage(scene), thing, rng, share=SHARE)
    return replace(scene, objects=(as_object(place),))


def group(
    setting: str, things: Sequence[CatalogueObject], count: int, rng: np.random.Generator
) -> Scene | None:
    """The first of the things, large, and so many in all, clear of each other.

    None where they do not fit.
    """
    scene = empty(setting, rng)
    stage = _stage(scene)
    main = lone(stage, things[0], rng, share=(0.08, 0.12))
    places = surround(stage, main, things[1:], count, rng=rng)
    if len(places) < count:
        return None
    return replace(scene, objects=tuple(map(as_object, places)))


def gathered(
    setting: str, things: Sequence[CatalogueObject], count: int, rng: np.random.Generator
) -> Scene:
    """The same with the others in any order, tried until they fit.

    Raises:
        ImgEditError: They never do.
    """
    found = (
        group(setting, [things[0], *shuffled(things[1:], rng)], count, rng) for _ in range(_TRIES)
    )
    return _first(found, f"{count} of {', '.join(thing.name for thing in things)} in {setting}")


def two_apart(
    setting: str, things: Sequence[CatalogueObject], rng: np.random.Generator
) -> tuple[Scene, tuple[int, int]]:
    """Three of the things, two of them so far apart that one sentence can ask for both.

    Raises:
        ImgEditError: No such scene was found.
    """
    found = (_pair_in(group(setting, things, 3, rng)) for _ in range(_TRIES))
    return _first(found, f"two things far apart in {setting}")


def _pair_in(scene: Scene | None) -> tuple[Scene, tuple[int, int]] | None:
    pairs = combinations(range(len(scene.objects) if scene else 0), 2)
    far = (
        (scene, pair)
        for pair in pairs
        if scene and scene.objects[pair[0]].box.gap_px(scene.objects[pair[1]].box) > APART_PX
    )
    return next(far, None)


def occluded(
    setting: str, things: Sequence[CatalogueObject], rng: np.random.Generator
) -> tuple[Scene, int, int]:
    """The first thing partly behind the second, a third one aside.

    Returns:
        The scene, and where in it the hidden thing and the one before it are.

    Raises:
        ImgEditError: No such scene was found.
    """
    found = (_overlapping(setting, things, rng) for _ in range(_TRIES))
    return _first(found, f"a {things[0].name} behind a {things[1].name}")


def _overlapping(
    setting: str, things: Sequence[CatalogueObject], rng: np.random.Generator
) -> tuple[Scene, int, int] | None:
    scene = group(setting, [things[0], things[2]], 2, rng)
    if scene is None:
        return None
    hidden = next(o for o in scene.objects if o.name == things[0].name)
    (width, height), _ = extent(things[1], rng.uniform(0.05, 0.08), scene.width, scene.height)
    middle = rng.uniform(hidden.box.x0, hidden.box.x1)
    foot = hidden.box.y1 + round(rng.uniform(0.01, 0.06) * scene.height)
    left = round(middle - width / 2)
    box = Box(left, foot - height, left + width, foot)
    place = Place(thing=things[1], box=box, stands=True, flip=bool(rng.integers(2)))
    others = [o for o in scene.objects if o is not hidden]
    if box != box.clipped(scene.width, scene.height) or any(
        box.gap_px(o.box) < 2 * MARGIN_FRAC * scene.width for o in others
    ):
        return None
    full = replace(scene, objects=(*others, hidden, as_object(place)))
    whole = silhouette(hidden, scene.width, scene.height)
    gone = 1 - float(visible_masks(full)[len(others)].sum() / whole.sum())
    return (full, len(others), len(others) + 1) if _HIDDEN[0] <= gone <= _HIDDEN[1] else None


def row(setting: str, thing: CatalogueObject, count: int, rng: np.random.Generator) -> Scene:
    """So many of one thing side by side, left to right, of about one size."""
    scene = empty(setting, rng)
    share = rng.uniform(0.035, 0.05)
    foot = max(
        scene.height * scene.background.horizon_frac + 0.2 * scene.height, 0.6 * scene.height
    )
    objects = []
    for at in range(count):
        size = share * rng.uniform(0.9, 1.1)
        (width, height), _ = extent(thing, size, scene.width, scene.height)
        width, height = _within(width, height, round(0.9 * scene.width / count))
        middle = (at + 0.5 + rng.uniform(-0.04, 0.04)) * scene.width / count
        y1 = round(
            min(0.94 * scene.height, max(height, foot) + rng.uniform(0, 0.12) * scene.height)
        )
        x0 = round(middle - width / 2)
        box = Box(x0, y1 - height, x0 + width, y1)
        objects.append(as_object(Place(thing=thing, box=box, stands=True, flip=False)))
    return replace(scene, objects=tuple(objects))


def _within(width: int, height: int, most: int) -> tuple[int, int]:
    return (width, height) if width <= most else (most, round(height * most / width))


def suited(setting: str) -> list[CatalogueObject]:
    """What of the catalogue makes sense in a setting, but no people."""
    return [t for t in catalogue() if setting in settings_for(t) and t.category != "person"]


def shuffled(things: Sequence[CatalogueObject], rng: np.random.Generator) -> list[CatalogueObject]:
    """The things in another order."""
    return [things[int(i)] for i in rng.permutation(len(things))]


def scaled(scene: Scene, short_side_px: int) -> Scene:
    """The scene on a canvas of another size."""
    factor = short_side_px / min(scene.width, scene.height)
    objects = tuple(
        replace(o, box=Box(*(round(v * factor) for v in (o.box.x0, o.box.y0, o.box.x1, o.box.y1))))
        for o in scene.objects
    )
    width, height = round(scene.width * factor), round(scene.height * factor)
    return replace(scene, width=width, height=height, objects=objects)


def _stage(scene: Scene) -> LayoutCanvas:
    return make_stage(scene.background, scene.width, scene.height, crowded=False)


def _first(found: Iterable[Found | None], wanted: str) -> Found:
    for each in found:
        if each is not None:
            return each
    message = f"the studio found no place for {wanted} in {_TRIES} tries"
    raise ImgEditError(message)
