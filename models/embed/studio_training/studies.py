"""Studies: one object on a plain ground, now and then half hidden, as many of each name.

Scenes show some names twenty times as often as others; a network that saw scenes alone would
hardly know the rare ones.
"""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from models.embed.studio_pixels import on_square
from models.embed.studio_training.workers import in_processes
from models.geometry import Bitmap, Box, Rgb
from models.studio import sprites
from models.studio.catalogue import named, names
from models.studio.scene_object import SceneObject, draw, silhouette

_HEIGHT_PX = (90, 560)
_STRETCH = (0.92, 1.08)
_HIDDEN_SHARE = 0.5
"""Of the studies, in how many another object stands before the first."""
_LEAST_VISIBLE = 0.45
"""An object of which less than this share is left is shown whole."""


def make_studies(seed: int, each: int, workers: int) -> NDArray[np.uint8]:
    """`each` studies of every name in the catalogue's order, n x SIDE_PX x SIDE_PX x 3."""
    parts = in_processes(partial(_of_name, seed=seed, each=each), range(len(names())), workers)
    return np.concatenate(parts)


def _of_name(number: int, *, seed: int, each: int) -> NDArray[np.uint8]:
    cv2.setNumThreads(1)
    rng = np.random.default_rng((seed, number))
    return np.stack([on_square(study(names()[number], rng)) for _ in range(each)])


def study(name: str, rng: np.random.Generator) -> Rgb:
    """One object on white, cut to the box of what can be seen of it."""
    height = round(np.exp(rng.uniform(*np.log(_HEIGHT_PX))))
    thing = _placed(name, height, (height // 2, height // 2), rng)
    width, rows = thing.box.x1 + height // 2, thing.box.y1 + height // 2
    image = np.full((rows, width, 3), rng.integers(0, 256, 3), np.uint8)
    draw(image, thing)
    whole = silhouette(thing, width, rows)
    mask = whole
    if rng.uniform() < _HIDDEN_SHARE:
        before = _occluder(thing, rng)
        left = whole & ~silhouette(before, width, rows)
        if np.count_nonzero(left) >= _LEAST_VISIBLE * np.count_nonzero(whole):
            draw(image, before)
            mask = left
    return _on_white(image, mask)


def _placed(
    name: str, height: int, corner: tuple[int, int], rng: np.random.Generator
) -> SceneObject:
    thing = named(name)
    width = round(height * sprites.aspect(thing.codepoint, thing.wear) * rng.uniform(*_STRETCH))
    x0, y0 = corner
    return SceneObject(
        name=name,
        codepoint=thing.codepoint,
        box=Box(x0, y0, x0 + max(8, width), y0 + height),
        flip=bool(rng.integers(2)),
        wear=thing.wear,
    )


def _occluder(thing: SceneObject, rng: np.random.Generator) -> SceneObject:
    """Another object at a random place over the first one's box."""
    other = names()[int(rng.integers(len(names())))]
    height = max(16, round(thing.box.height * rng.uniform(0.3, 0.9)))
    across = round(rng.uniform(-0.3, 0.9) * thing.box.width)
    down = round(rng.uniform(-0.2, 0.8) * thing.box.height)
    return _placed(other, height, (thing.box.x0 + across, thing.box.y0 + down), rng)


def _on_white(image: Rgb, mask: Bitmap) -> Rgb:
    box = Box.around(mask)
    return np.where(mask[box.slices][..., None], image[box.slices], np.uint8(255))
