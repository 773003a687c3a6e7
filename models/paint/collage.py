"""Filling a hole with copies of known pixels at full resolution.

The cover found at a coarse scale is carried to full resolution: label borders are smoothed,
displacements doubled and each copy moved by at most a pixel to meet its neighbours, and at last
the gradients of the copies are joined and integrated, so that no seam shows.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box
from models.paint.correspond import Cover, correspond, displaced, known_patches
from models.paint.membrane import Field, relax

EXACT_HOLE_PX = 3000
"""Largest hole whose cover is searched for; larger ones are halved first."""
SMALLEST_SIDE_PX = 24
FEATHER_PX = 1.6
STRUCTURE_STEP = 60.0
"""A jump between copies above this (0 to 255) is an edge of the scene and stays."""
MARGIN_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One scale of the image."""

    image: Field
    hole: Bitmap
    usable: Bitmap

    @property
    def at(self) -> tuple[slice, slice]:
        """The window in which the hole lies, with a margin."""
        height, width = self.hole.shape
        return Box.around(self.hole).grown(MARGIN_PX, width=width, height=height).slices


def fill(image: Field, hole: Bitmap, usable: Bitmap) -> Field:
    """The image with `hole` filled from `usable` pixels; height x width x 3, 0 to 255."""
    levels = [Level(image=image, hole=hole, usable=usable)]
    while levels[-1].hole.sum() > EXACT_HOLE_PX and _matchable(smaller := _halved(levels[-1])):
        levels.append(smaller)
    coarsest = levels.pop()
    cover = correspond(coarsest.image, coarsest.hole, coarsest.usable)
    for level in reversed(levels):
        cover = _aligned(level, _carried(level, cover))
    return _joined(levels[0] if levels else coarsest, cover)


def _matchable(level: Level) -> bool:
    return min(level.hole.shape) >= SMALLEST_SIDE_PX and int(known_patches(level.usable).sum()) > 40


def _halved(level: Level) -> Level:
    """The next coarser level; hole pixels lend it no colour."""
    height, width = level.hole.shape
    size = (-(-width // 2), -(-height // 2))
    padding = ((0, height % 2), (0, width % 2))
    known = np.pad((~level.hole).astype(np.float32), padding)
    colour = np.pad(level.image, (*padding, (0, 0))) * known[..., None]
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    image = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    usable = np.pad(level.usable.astype(np.float32), padding)
    return Level(
        image=image / np.maximum(share, np.float32(0.25))[..., None],
        hole=share < 0.9,
        usable=cv2.resize(usable, size, interpolation=cv2.INTER_AREA) > 0.9,
    )


def _carried(level: Level, coarse: Cover) -> Cover:
    """The cover at twice the scale, with smooth borders between its copies."""
    at, shifts = level.at, coarse.shifts * 2
    height, width = level.hole.shape
    labels = np.repeat(np.repeat(coarse.labels, 2, axis=0), 2, axis=1)[:height, :width][at]
    best = np.zeros(labels.shape, np.float32)
    chosen = labels.copy()
    for index in np.unique(labels[level.hole[at]]):
        share = cv2.GaussianBlur((labels == index).astype(np.float32), (0, 0), 2.0)
        share += np.float32(1e-4)
        share *= displaced(level.usable, shifts[index], at)
        better = share > best
        best[better], chosen[better] = share[better], index
    return _without_bare(level, chosen, best, shifts)


def _without_bare(
    level: Level, chosen: NDArray[np.int32], best: Field, shifts: NDArray[np.int32]
) -> Cover:
    """Pixels that no active copy reaches take any copy that does (rounding leaves a few)."""
    bare = level.hole[level.at] & (best == 0)
    for index in range(len(shifts) if bare.any() else 0):
        reached = bare & displaced(level.usable, shifts[index], level.at)
        chosen[reached] = index
        bare &= ~reached
    labels = np.zeros(level.hole.shape, np.int32)
    labels[level.at] = chosen
    return Cover(labels=labels, shifts=shifts)


def _aligned(level: Level, cover: Cover) -> Cover:
    """The cover with each copy moved by at most a pixel to continue what lies around it."""
    shifts = cover.shifts.copy()
    current = _pasted(level, cover)
    at = level.at
    labels, hole = cover.labels[at], level.hole[at]
    for index in np.unique(labels[hole]):
        region = ((labels == index) & hole).astype(np.uint8)
        ring = (cv2.dilate(region, np.ones((5, 5), np.uint8)) > region).nonzero()
        moves = [np.array((0, 0)), *(np.argwhere(np.ones((3, 3))) - 1)]
        costs = [
            _mismatch(level, current, shifts[index] + move, ring) * (1 if i else 0.97)
            for i, move in enumerate(moves)
        ]
        shifts[index] += moves[int(np.argmin(costs))]
    return Cover(labels=cover.labels, shifts=shifts)


def _mismatch(
    level: Level,
    current: Field,
    shift: NDArray[np.int32],
    ring: tuple[NDArray[np.intp], ...],
) -> float:
    height, width = level.hole.shape
    at = level.at
    rows = (ring[0] + at[0].start + shift[0]).clip(0, height - 1)
    cols = (ring[1] + at[1].start + shift[1]).clip(0, width - 1)
    allowed = level.usable[rows, cols]
    gap = level.image[rows, cols][allowed] - current[ring[0], ring[1]][allowed]
    return float((gap * gap).mean()) if allowed.any() else np.inf


def _pasted(level: Level, cover: Cover) -> Field:
    at = level.at
    labels, out = cover.labels[at], level.image[at].copy()
    for index in np.unique(labels[level.hole[at]]):
        here = (labels == index) & level.hole[at]
        out[here] = displaced(level.image, cover.shifts[index], at)[here]
    return out


def _joined(level: Level, cover: Cover) -> Field:
    """The copies blended, and their gradients integrated against the border of the hole."""
    at, hole = level.at, level.hole[level.at]
    colour, slope_x, slope_y = _blended(level, cover)
    colour = np.where(hole[..., None], colour, level.image[at])
    lack_x = slope_x[:, :-1] - np.diff(colour, axis=1)
    lack_y = slope_y[:-1] - np.diff(colour, axis=0)
    weight_x, weight_y = _continuity(lack_x), _continuity(lack_y)
    change = relax(hole, lack_x * (weight_x == 1), lack_y * (weight_y == 1), weight_x, weight_y)
    out = level.image.copy()
    out[at] = np.where(hole[..., None], (colour + change).clip(0, 255), level.image[at])
    return out


def _continuity(lack: Field) -> Field:
    same = np.abs(lack).max(axis=2, keepdims=True) < STRUCTURE_STEP
    return np.where(same, np.float32(1), np.float32(0.02))


def _blended(level: Level, cover: Cover) -> tuple[Field, Field, Field]:
    """Colour and forward differences of the copies, feathered where they meet."""
    at = level.at
    stacked = np.dstack(
        [
            level.image,
            np.diff(level.image, axis=1, append=level.image[:, -1:]),
            np.diff(level.image, axis=0, append=level.image[-1:]),
            np.ones(level.hole.shape, np.float32),
        ]
    )
    stacked *= _steady(level.usable)[..., None]
    labels = cover.labels[at]
    total = np.zeros((*labels.shape, 10), np.float32)
    for index in np.unique(labels[level.hole[at]]):
        share = cv2.GaussianBlur((labels == index).astype(np.float32), (0, 0), FEATHER_PX)
        total += displaced(stacked, cover.shifts[index], at) * share[..., None]
    mean = total[..., :9] / np.maximum(total[..., 9:], np.float32(1e-4))
    return mean[..., :3], mean[..., 3:6], mean[..., 6:]


def _steady(usable: Bitmap) -> Field:
    """Usable pixels whose right and lower neighbours are usable too, so differences are true."""
    near = usable.copy()
    near[:, :-1] &= usable[:, 1:]
    near[:-1] &= usable[1:]
    return near.astype(np.float32) + np.float32(0.001) * usable
