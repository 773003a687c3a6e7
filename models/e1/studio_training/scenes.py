"""Scenes to learn from, drawn small: other backgrounds and other places than any graph's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.studio import sprites
from models.studio.catalogue import CatalogueObject, catalogue
from models.studio.layout import LayoutCanvas, Place, lay_out, lone, surround
from models.studio.scene import as_object, make_stage
from models.studio.scene_object import SceneObject, draw
from models.studio.settings import SETTINGS, Background, paint
from models.studio.sprites import OPAQUE_FROM, Rgba

FIRST_SEED = 2**31
"""Backgrounds are numbered from here; those of graphs and of the benchmark are below."""
SIZES = ((1024, 1024), (1152, 896), (896, 1152), (1280, 1024), (1024, 1280), (1344, 896))
"""Widths and heights at which backgrounds are painted and objects are placed, pixels."""
_LONE_SHARE, _FIRST_SHARE = (0.09, 0.18), (0.07, 0.13)
_SPRITE_PX = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A bare background, as it was painted and small."""

    background: Background
    width: int
    height: int
    scale: float
    """Pixels of the small image for one of the painted."""
    image: Rgb
    """Small."""

    @property
    def canvas(self) -> LayoutCanvas:
        """What objects are placed on, in painted pixels."""
        return make_stage(self.background, self.width, self.height, crowded=False)


def make_bare(rng: np.random.Generator, scale: float) -> Stage:
    """A background that no graph and no benchmark has."""
    key = list(SETTINGS)[int(rng.integers(len(SETTINGS)))]
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    background = Background(
        setting=key,
        seed=FIRST_SEED + int(rng.integers(2**31)),
        horizon_frac=float(rng.uniform(*SETTINGS[key].horizon_frac)),
    )
    size = (round(width * scale), round(height * scale))
    image = cv2.resize(paint(background, width, height), size, interpolation=cv2.INTER_AREA)
    return Stage(
        background=background,
        width=width,
        height=height,
        scale=scale,
        image=np.asarray(image, np.uint8),
    )


def populated(stage: Stage, rng: np.random.Generator) -> tuple[SceneObject, ...]:
    """Objects of small size: one alone, a few around one, or as many as a graph's scene has."""
    canvas = stage.canvas
    suited = [thing for thing in catalogue() if canvas.suits(thing)]
    order = [suited[int(i)] for i in rng.permutation(len(suited))]
    kind = rng.uniform()
    places: Sequence[Place]
    if kind < 0.5:
        places = (lone(canvas, order[0], rng, share=_LONE_SHARE),)
    elif kind < 0.75:
        first = lone(canvas, order[0], rng, share=_FIRST_SHARE)
        places = surround(canvas, first, order[1:], int(rng.integers(2, 5)), rng=rng)
    else:
        places = lay_out(canvas, order, int(rng.integers(3, 8)), rng)
    return tuple(shrunk(as_object(place), stage.scale) for place in places)


def shrunk(thing: SceneObject, scale: float) -> SceneObject:
    """The object at another scale."""
    box = thing.box
    x0, y0, x1, y1 = (round(v * scale) for v in (box.x0, box.y0, box.x1, box.y1))
    return replace(thing, box=Box(x0, y0, max(x1, x0 + 2), max(y1, y0 + 2)))


def composed(
    canvas: Rgb, things: Sequence[SceneObject], *, shadows: bool = True
) -> tuple[Rgb, tuple[Bitmap, ...]]:
    """The canvas with those objects, back to front, and what can be seen of each."""
    image = canvas.copy()
    masks: list[Bitmap] = []
    for thing in things:
        pixels = small_pixels(thing)
        draw(image, thing if shadows else replace(thing, stands=False), pixels)
        mask = np.zeros(image.shape[:2], np.bool_)
        at = thing.box.clipped(image.shape[1], image.shape[0])
        top, left = at.y0 - thing.box.y0, at.x0 - thing.box.x0
        inside = pixels[top : top + at.height, left : left + at.width, 3] >= OPAQUE_FROM
        mask[at.slices] = inside
        masks = [earlier & ~mask for earlier in masks]
        masks.append(mask)
    return image, tuple(masks)


@cache
def _sprite(codepoint: str, wear: str) -> Rgba:
    return sprites.glyph(codepoint, _SPRITE_PX, wear)


def small_pixels(thing: SceneObject) -> Rgba:
    """The object's own pixels, RGBA, as large as its box; resampled, so quickly made."""
    size = (thing.box.width, thing.box.height)
    pixels = cv2.resize(_sprite(thing.codepoint, thing.wear), size, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels[:, ::-1] if thing.flip else pixels, np.uint8)


def boxed(thing: CatalogueObject, box: Box, rng: np.random.Generator) -> SceneObject:
    """Another object on the foot of a box, as large as that allows."""
    ratio = sprites.aspect(thing.codepoint, thing.wear)
    height = max(2, round(min(box.height, box.width / ratio)))
    width = max(2, round(ratio * height))
    left = (box.x0 + box.x1 - width) // 2
    return SceneObject(
        name=thing.name,
        codepoint=thing.codepoint,
        box=Box(left, box.y1 - height, left + width, box.y1),
        flip=bool(rng.integers(2)),
        wear=thing.wear,
    )


def numbered(seed: int) -> Iterator[np.random.Generator]:
    """Generators without end, each of its own number."""
    number = 0
    while True:
        yield np.random.default_rng((seed, number))
        number += 1
