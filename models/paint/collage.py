"""Filling a hole with copies of known pixels at full resolution.

The cover found at a coarse scale is carried to full resolution: label borders are smoothed,
displacements doubled and each copy moved by at most a pixel to meet its neighbours, and at last
the gradients of the copies are joined and integrated, so that no seam shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.geometry import Bitmap, Box
from models.paint.correspond import Cover, Window, correspond, displaced, known_patches
from models.paint.membrane import Field, relax

EXACT_HOLE_PX = 3000
"""Largest hole whose cover is searched for; larger ones are halved first."""
SMALLEST_SIDE_PX = 24
FEATHER_PX = 1.6
STRUCTURE_STEP, BORDER_STEP = 14.0, 30.0
"""A jump above this (0 to 255), between copies and at the border of the hole, is an edge of the
scene and stays; a smaller one is a difference of light and is spread over the hole."""
MARGIN_PX = 8
ROUNDING_PX, ROUNDING_MARGIN_PX = 2.0, 6
FEATHER_MARGIN_PX = 5
MOVES = np.array([(0, 0), *((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x)], np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One scale of the image."""

    image: Field
    hole: Bitmap
    usable: Bitmap

    @property
    def at(self) -> Window:
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


def _parts(level: Level, labels: NDArray[np.int32], margin_px: int) -> Iterator[tuple[int, Window]]:
    """Each copy in use, with the window around its pixels."""
    height, width = labels.shape
    top, left = level.at[0].start, level.at[1].start
    for index, found in enumerate(ndimage.find_objects(labels[level.at] + 1)):
        if found is not None:
            rows, cols = found
            box = Box(left + cols.start, top + rows.start, left + cols.stop, top + rows.stop)
            yield index, box.grown(margin_px, width=width, height=height).slices


def _carried(level: Level, coarse: Cover) -> Cover:
    """The cover at twice the scale, with smooth borders between its copies."""
    shifts = coarse.shifts * 2
    height, width = level.hole.shape
    labels = np.repeat(np.repeat(coarse.labels, 2, axis=0), 2, axis=1)[:height, :width]
    best = np.zeros(labels.shape, np.float32)
    chosen = np.full_like(labels, -1)
    for index, at in _parts(level, labels, ROUNDING_MARGIN_PX):
        share = cv2.GaussianBlur((labels[at] == index).astype(np.float32), (0, 0), ROUNDING_PX)
        share *= displaced(level.usable, shifts[index], at)
        better = share > best[at]
        best[at][better], chosen[at][better] = share[better], index
    chosen[~level.hole] = -1
    return Cover(labels=_without_bare(level, chosen, shifts), shifts=shifts)


def _without_bare(
    level: Level, labels: NDArray[np.int32], shifts: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Pixels that no copy near them reaches take any copy that does (rounding leaves a few)."""
    bare = level.hole & (labels < 0)
    for index in range(len(shifts) if bare.any() else 0):
        reached = bare.copy()
        reached[level.at] &= displaced(level.usable, shifts[index], level.at)
        labels[reached] = index
        bare &= ~reached
    return labels


def _aligned(level: Level, cover: Cover) -> Cover:
    """The cover with each copy moved by at most a pixel to continue what lies around it."""
    shifts = cover.shifts.copy()
    current = _pasted(level, cover)
    for index, at in _parts(level, cover.labels, 3):
        region = (cover.labels[at] == index).astype(np.uint8)
        rows, cols = (cv2.dilate(region, np.ones((5, 5), np.uint8)) > region).nonzero()
        around = (rows + at[0].start, cols + at[1].start)
        held = current[around]
        # A move must pay for itself: equal costs keep the copy where it is.
        costs = [
            _mismatch(level, held, shifts[index] + move, around) * (1 if i else 0.97)
            for i, move in enumerate(MOVES)
        ]
        shifts[index] += MOVES[int(np.argmin(costs))]
    return Cover(labels=cover.labels, shifts=shifts)


def _mismatch(
    level: Level,
    held: Field,
    shift: NDArray[np.int32],
    around: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> float:
    """How far what is copied to some pixels lies from what they hold."""
    height, width = level.hole.shape
    rows = (around[0] + shift[0]).clip(0, height - 1)
    cols = (around[1] + shift[1]).clip(0, width - 1)
    places = rows * width + cols
    allowed = level.usable.ravel()[places]
    gap = (_taken(level.image, places) - held)[allowed]
    return float((gap * gap).mean()) if allowed.any() else np.inf


def _taken(image: Field, places: NDArray[np.intp]) -> Field:
    """The pixels at some places, counted row by row."""
    return image.reshape(-1, image.shape[2]).take(places, axis=0)


def _pasted(level: Level, cover: Cover) -> Field:
    out = level.image.copy()
    for index, at in _parts(level, cover.labels, 0):
        here = cover.labels[at] == index
        out[at][here] = displaced(level.image, cover.shifts[index], at)[here]
    return out


def _joined(level: Level, cover: Cover) -> Field:
    """The copies blended, and their gradients integrated against the border of the hole."""
    at, hole = level.at, level.hole[level.at]
    colour, slope_x, slope_y = _blended(level, cover)
    colour = np.where(hole[..., None], colour, level.image[at])
    lack_x = slope_x[:, :-1] - np.diff(colour, axis=1)
    lack_y = slope_y[:-1] - np.diff(colour, axis=0)
    weight_x = _continuity(lack_x, hole[:, 1:] != hole[:, :-1])
    weight_y = _continuity(lack_y, hole[1:] != hole[:-1])
    change = relax(hole, lack_x * (weight_x == 1), lack_y * (weight_y == 1), weight_x, weight_y)
    out = level.image.copy()
    out[at] = np.where(hole[..., None], (colour + change).clip(0, 255), level.image[at])
    return out


def _continuity(lack: Field, border: Bitmap) -> Field:
    """1 where two neighbours belong to one surface, nearly 0 where an edge of the scene lies."""
    limit = np.where(border, BORDER_STEP, STRUCTURE_STEP)
    same = np.abs(lack).max(axis=2) < limit
    return np.where(same, np.float32(1), np.float32(0.02))[..., None]


def _blended(level: Level, cover: Cover) -> tuple[Field, Field, Field]:
    """Colour and forward differences of the copies, feathered where they meet."""
    height, width = level.hole.shape
    trust = _steady(level.usable).ravel()
    total = np.zeros((*level.hole[level.at].shape, 10), np.float32)
    for index, at in _parts(level, cover.labels, FEATHER_MARGIN_PX):
        share = cv2.GaussianBlur((cover.labels[at] == index).astype(np.float32), (0, 0), FEATHER_PX)
        down, right = (int(step) for step in cover.shifts[index])
        rows, cols = share.nonzero()
        from_rows, from_cols = rows + (at[0].start + down), cols + (at[1].start + right)
        known = (from_rows >= 0) & (from_rows < height) & (from_cols >= 0) & (from_cols < width)
        rows, cols, from_rows, from_cols = (
            each[known] for each in (rows, cols, from_rows, from_cols)
        )
        places = from_rows * width + from_cols
        colour = _taken(level.image, places)
        beside = _taken(level.image, places + (from_cols < width - 1))
        below = _taken(level.image, places + width * (from_rows < height - 1))
        weight = trust[places][:, None]
        copied = np.concatenate([colour, beside - colour, below - colour, np.ones_like(weight)], 1)
        copied *= weight
        copied *= share[rows, cols][:, None]
        rows += at[0].start - level.at[0].start
        cols += at[1].start - level.at[1].start
        total[rows, cols] += copied
    mean = (total[..., :9] / np.maximum(total[..., 9:], np.float32(1e-6))).astype(np.float32)
    return mean[..., :3], mean[..., 3:6], mean[..., 6:]


def _steady(usable: Bitmap) -> Field:
    """Usable pixels whose right and lower neighbours are usable too, so differences are true."""
    near = usable.copy()
    near[:, :-1] &= usable[:, 1:]
    near[:-1] &= usable[1:]
    return np.where(near, np.float32(1), np.float32(0.001) * usable).astype(np.float32)
