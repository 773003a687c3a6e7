"""All that is rendered for a training, kept in a folder if one is given."""

import logging
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.embed.studio_pixels import on_square
from models.embed.studio_training.batches import Lessons
from models.embed.studio_training.crops import SPLITS, Renders, in_processes, make_renders
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


log = logging.getLogger(__name__)

STUDIES_EACH = 24
"""Studies of each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The three sets and the studies."""

    train: Renders
    validation: Renders
    held_out: Renders
    studies: NDArray[np.uint8]
    render_s: float
    """Seconds that rendering took, now or when it was kept."""

    @property
    def lessons(self) -> Lessons:
        """What is trained on."""
        return Lessons.of(self.train, self.studies)

    def save(self, file: Path) -> None:
        """Write it to an .npz file."""
        arrays: dict[str, NDArray[Any]] = {
            f"{name}.{column}": values
            for name in SPLITS
            for column, values in getattr(self, name).columns().items()
        }
        np.savez(file, allow_pickle=False, studies=self.studies, render_s=self.render_s, **arrays)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(file) as stored:
            columns = Renders.column_names()
            sets: dict[str, Any] = {
                name: Renders(**{column: stored[f"{name}.{column}"] for column in columns})
                for name in SPLITS
            }
            return cls(**sets, studies=stored["studies"], render_s=float(stored["render_s"]))


def material(cache: Path | None, *, workers: int, seed: int) -> Material:
    """Render everything, or read what an earlier call has kept in `cache`."""
    kept = cache / "material.npz" if cache else None
    if kept and kept.exists():
        return Material.load(kept)
    start = time.monotonic()
    sets: dict[str, Any] = {name: make_renders(split, workers) for name, split in SPLITS.items()}
    studies = make_studies(seed, STUDIES_EACH, workers)
    made = Material(**sets, studies=studies, render_s=time.monotonic() - start)
    log.info("rendered %d crops in %.0f s", len(made.lessons.crops), made.render_s)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made.save(kept)
    return made
