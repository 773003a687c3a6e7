"""Renders to learn from: crops of objects as the pipeline makes them, and whole scenes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
from typing import Any, Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detect.detection import Found
from models.embed.studio_pixels import on_square
from models.faults import Fault
from models.geometry import Bitmap, Box, Rgb
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.studio.catalogue import names
from models.studio.frames import make_clip
from models.studio.scene import Scene, make_scene, render, visible_masks
from models.studio.settings import SETTINGS

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_processes(
    call: Callable[[Item], Answer], items: Sequence[Item], workers: int
) -> list[Answer]:
    """One answer for each item, in order.

    The processes start afresh: one forked from a process with OpenCV's or torch's threads can wait
    forever for a lock that a thread held.
    """
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(call, items, chunksize=4))


_LEAST_PX = 400
"""Visible pixels of an object that is worth a crop; the region gate asks for far more."""
_GRABCUT_EVERY = 2
"""Every second scene is cut by the embedded segmenter, the others by the truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which scenes and clips a set is made of."""

    first: int
    """Number of the first scene and of the first clip. A pool's own numbers start at 0."""
    scenes: int
    clips: int

    def numbers(self) -> list[tuple[int, bool]]:
        """Each number, and whether it is a clip's."""
        scenes = [(self.first + n, False) for n in range(self.scenes)]
        return scenes + [(self.first + n, True) for n in range(self.clips)]


SPLITS = {
    "train": Split(first=1_000_000_000, scenes=1800, clips=150),
    "validation": Split(first=2_000_000_000, scenes=240, clips=24),
    "held_out": Split(first=3_000_000_000, scenes=480, clips=48),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Renders:
    """What a set of scenes gives; one row of `crops` for each row of `crop_names`, and so on."""

    crops: NDArray[np.uint8]
    """n x SIDE_PX x SIDE_PX x 3: an object on white, padded to a square."""
    crop_names: NDArray[np.int64]
    """Index into `models.studio.catalogue.names()`."""
    crop_grabcut: NDArray[np.bool_]
    """Whether the mask is the embedded segmenter's, not the truth."""
    crop_clip: NDArray[np.bool_]
    """Whether it shows the person of a clip."""
    scenes: NDArray[np.uint8]
    """m x SIDE_PX x SIDE_PX x 3: whole images, padded to a square."""
    scene_objects: NDArray[np.bool_]
    """m x names: which objects it holds."""
    scene_settings: NDArray[np.int64]
    """Index into `models.studio.settings.SETTINGS`."""

    @classmethod
    def joined(cls, parts: Sequence["Renders"]) -> Self:
        """All rows of the parts, in order."""
        tables = [part.columns() for part in parts]
        return cls(**{column: np.concatenate([t[column] for t in tables]) for column in tables[0]})

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays by their names."""
        return {name: getattr(self, name) for name in self.column_names()}

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(column.name for column in fields(cls))


def make_renders(split: Split, workers: int) -> Renders:
    """Render a whole split; the number of workers changes no pixel."""
    return Renders.joined(in_processes(renders_of, split.numbers(), workers))


def renders_of(number: tuple[int, bool]) -> Renders:
    """The crops and the image of one scene, or of one clip's frames."""
    cv2.setNumThreads(1)
    index, is_clip = number
    frames = make_clip(index) if is_clip else (make_scene(index),)
    crops = [crop for scene in frames for crop in crops_of(scene, is_clip=is_clip)]
    first = frames[0]
    held = {thing.name for thing in first.objects}
    return Renders(
        crops=np.stack([on_square(image) for image, _ in crops]),
        crop_names=np.array([names().index(name) for _, name in crops]),
        crop_grabcut=np.full(len(crops), not is_clip and is_cut_by_grabcut(index)),
        crop_clip=np.full(len(crops), is_clip),
        scenes=on_square(render(first))[None],
        scene_objects=np.array([[name in held for name in names()]]),
        scene_settings=np.array([tuple(SETTINGS).index(first.setting.key)]),
    )


def is_cut_by_grabcut(index: int) -> bool:
    """Whether the masks of a scene's crops come from the embedded segmenter."""
    return index // len(SETTINGS) % _GRABCUT_EVERY == 0


def crops_of(scene: Scene, *, is_clip: bool = False) -> Iterator[tuple[Rgb, str]]:
    """Each object on white, cut to its mask's box, with its name; of a clip, the person alone."""
    image, masks = render(scene), visible_masks(scene)
    if not is_clip and is_cut_by_grabcut(scene.index):
        masks = _grabcut_masks(image, scene, masks)
    for thing, mask in zip(scene.objects, masks, strict=True):
        if np.count_nonzero(mask) < _LEAST_PX or (is_clip and not thing.action):
            continue
        box = Box.around(mask)
        inside = mask[box.slices][..., None]
        yield np.where(inside, image[box.slices], np.uint8(255)), thing.name


def _grabcut_masks(image: Rgb, scene: Scene, truth: Sequence[Bitmap]) -> tuple[Bitmap, ...]:
    """The embedded segmenter's masks of the annotated boxes; the truth where it has none."""
    boxed = [(t.name, Box.around(mask)) for t, mask in zip(scene.objects, truth, strict=True)]
    found = tuple(Found(name=name, kind="object", box=box, score=1.0) for name, box in boxed)
    (masks,) = GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])
    return tuple(truth) if isinstance(masks, Fault) else tuple(cut.mask for cut in masks)
