"""Studio scenes: made from a number, rendered to pixels, with their whole truth known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from models.annotation import AnnotatedObject, Annotation
from models.geometry import Bitmap, Box, Rgb
from models.recent import Recent
from models.studio.catalogue import catalogue
from models.studio.layout import LayoutCanvas, Place, lay_out
from models.studio.scene_object import SceneObject, draw, silhouette
from models.studio.settings import SETTINGS, Background, Setting, paint

_SEED = 20250520
"""Every scene's generator starts from this and the scene's number."""
_SIZES = ((1280, 1280), (1536, 1280), (1280, 1600), (1920, 1280), (1408, 1344), (1280, 1440))
_CROWDED_SHARE = 0.35
_FEWEST, _MOST = 4, 7
_FAR_PX = 100
"""Hybrid edits need two boxes farther apart than this (docs/paper.md, "Instructions")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything there is to know of one image."""

    index: int
    frame: int = 0
    """The place in its clip; 0 for a scene that stands alone."""
    width: int
    height: int
    background: Background
    objects: tuple[SceneObject, ...]
    """Back to front; in those of `make_scene` no two have the same name."""

    @property
    def setting(self) -> Setting:
        """The family of the background."""
        return SETTINGS[self.background.setting]


def make_scene(index: int) -> Scene:
    """The scene of that number: 4 to 7 objects, one of them large and near the middle."""
    rng = np.random.default_rng((_SEED, index))
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    background = make_background(index, rng)
    best: tuple[Place, ...] = ()
    for _ in range(8):
        stage = make_stage(background, width, height, crowded=rng.uniform() < _CROWDED_SHARE)
        places = _places(stage, int(rng.integers(_FEWEST, _MOST + 1)), rng)
        best = max(best, places, key=_worth)
        if len(best) >= _FEWEST and _worth(best)[0]:
            break
    return Scene(
        index=index,
        width=width,
        height=height,
        background=background,
        objects=tuple(as_object(place) for place in best),
    )


def make_background(index: int, rng: np.random.Generator) -> Background:
    """A background; the settings take turns, so that neighbouring scenes differ."""
    setting = tuple(SETTINGS.values())[index % len(SETTINGS)]
    return Background(
        setting=setting.key,
        seed=int(rng.integers(2**31)),
        horizon_frac=float(rng.uniform(*setting.horizon_frac)),
    )


def make_stage(background: Background, width: int, height: int, *, crowded: bool) -> LayoutCanvas:
    """The canvas over that background."""
    return LayoutCanvas(
        width=width,
        height=height,
        horizon=round(height * background.horizon_frac),
        setting=SETTINGS[background.setting],
        crowded=crowded,
    )


def as_object(place: Place) -> SceneObject:
    """The object that stands at a place."""
    return SceneObject(
        name=place.thing.name,
        codepoint=place.thing.codepoint,
        box=place.box,
        flip=place.flip,
        stands=place.stands,
        wear=place.thing.wear,
    )


def _places(stage: LayoutCanvas, count: int, rng: np.random.Generator) -> tuple[Place, ...]:
    suited = [thing for thing in catalogue() if stage.suits(thing)]
    order = rng.permutation(len(suited))
    return lay_out(stage, [suited[int(i)] for i in order], count, rng)


def _worth(places: Sequence[Place]) -> tuple[bool, int]:
    boxes = [place.box for place in places]
    return any(a.gap_px(b) > _FAR_PX for a, b in combinations(boxes, 2)), len(places)


def render(scene: Scene) -> Rgb:
    """The image, height x width x 3; the same bytes for the same scene."""
    image = backdrop(scene.background, scene.width, scene.height).copy()
    for thing in scene.objects:
        draw(image, thing)
    return image


_BACKDROPS = Recent[Rgb](max_bytes=150_000_000, n_bytes=lambda image: image.nbytes)
"""Those of a shard's twenty scenes: each edit type asks for all of them, one after the other."""


def backdrop(background: Background, width: int, height: int) -> Rgb:
    """The background alone; read-only and kept, since a scene is rendered in many variants."""
    key = (background, width, height)
    return _BACKDROPS.of(key, lambda: _read_only(paint(background, width, height)))


def _read_only(image: Rgb) -> Rgb:
    image.flags.writeable = False
    return image


@lru_cache(maxsize=4)
def visible_masks(scene: Scene) -> tuple[Bitmap, ...]:
    """What can be seen of each object, height x width, in the objects' order; not to be written."""
    free = np.ones((scene.height, scene.width), np.bool_)
    masks: list[Bitmap] = []
    for thing in reversed(scene.objects):
        mask = silhouette(thing, scene.width, scene.height) & free
        free &= ~mask
        mask.flags.writeable = False
        masks.append(mask)
    return tuple(reversed(masks))


def annotation(scene: Scene) -> Annotation:
    """A caption, the tight boxes of what can be seen, and the nouns of the background."""
    boxes = [Box.around(mask) for mask in visible_masks(scene)]
    return Annotation(
        caption=_caption(scene),
        objects=tuple(
            AnnotatedObject(name=thing.name, box=(box.x0, box.y0, box.x1, box.y1))
            for thing, box in zip(scene.objects, boxes, strict=True)
        ),
        background_nouns=scene.setting.nouns,
        action=next((thing.action for thing in scene.objects if thing.action), ""),
    )


def _caption(scene: Scene) -> str:
    largest_first = sorted(scene.objects, key=lambda thing: -thing.box.area_px)
    listed = [_indefinite(thing) for thing in largest_first]
    together = f"{', '.join(listed[:-1])} and {listed[-1]}" if listed[1:] else "".join(listed)
    return f"An illustration of {together} {scene.setting.phrase}."


def _indefinite(thing: SceneObject) -> str:
    article = "an" if thing.name[0] in "aeiou" else "a"
    return f"{article} {thing.name} {thing.action}".rstrip()
