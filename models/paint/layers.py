"""A canvas of float planes, and the few ways in which colour is laid on it.

Planes (3 x height x width) instead of interleaved pixels: numpy blends a mask into a plane
several times faster than into a trailing axis of three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
from models.paint.filters import resized
from models.paint.noise import Field

Planes = NDArray[np.floating[Any]]
"""Red, green and blue planes, 3 x height x width, 0 to 255."""

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneryView:
    """What a scenery is composed for."""

    height: int
    width: int
    horizon_px: int
    """The row where the ground begins."""
    feet_px: int
    """The row where the nearest subject stands; the height where none does."""
    rng: np.random.Generator

    @property
    def unit_px(self) -> float:
        """A thousandth of the short side: lengths in a scenery are multiples of it."""
        return min(self.height, self.width) / 1000

    @property
    def ground_px(self) -> int:
        """Rows of ground, at least one."""
        return max(1, self.height - self.horizon_px)


def blank(height: int, width: int, colour: Colour = (0.0, 0.0, 0.0)) -> Planes:
    """A canvas of one colour."""
    canvas = np.empty((3, height, width), np.float32)
    canvas[:] = np.array(colour, np.float32)[:, None, None]
    return canvas


def ramp(rows: int, width: int, stops: Sequence[tuple[float, Colour]]) -> Planes:
    """A vertical gradient; each stop is a height (0 top, 1 bottom) and a colour."""
    at = np.linspace(0.0, 1.0, max(rows, 1))
    heights = [height for height, _ in stops]
    planes = [np.interp(at, heights, [colour[c] for _, colour in stops]) for c in range(3)]
    column = np.stack(planes).astype(np.float32)[:, :, None]
    return np.repeat(column, width, axis=2)


def lay(
    canvas: Planes, colour: Colour | Planes, cover: Field | float, *, top: int = 0, left: int = 0
) -> None:
    """Paint a colour over the canvas as far as it covers (0 to 1); `top`, `left` place the cover.

    What reaches outside of the canvas is left out.
    """
    for c in range(3):
        plane = canvas[c, top:, left:]
        if isinstance(cover, np.ndarray):
            plane = plane[: cover.shape[0], : cover.shape[1]]
            part: Field | float = cover[: plane.shape[0], : plane.shape[1]]
        else:
            part = cover
        paint = colour[c]
        if isinstance(paint, np.ndarray):
            paint = paint[: plane.shape[0], : plane.shape[1]]
        plane += (paint - plane) * part


def shine(canvas: Planes, colour: Colour, light: Field, *, top: int = 0) -> None:
    """Add light (0 to 1) of a colour, as a lamp or the sun does."""
    for c in range(3):
        plane = canvas[c, top : top + light.shape[0]]
        plane += np.float32(colour[c]) * light[: plane.shape[0]]


def dim(canvas: Planes, factor: Field, *, top: int = 0) -> None:
    """Multiply the canvas by a factor."""
    for c in range(3):
        plane = canvas[c, top : top + factor.shape[0]]
        plane *= factor[: plane.shape[0]]


def halo(height: int, width: int, *, x: float, y: float, radius_px: float) -> Field:
    """Light that falls off around a point: 1 there, a half at `radius_px`."""
    # The field is smooth, so an eighth of the resolution holds it.
    small_h, small_w = max(2, height // 8), max(2, width // 8)
    dx = (np.arange(small_w, dtype=np.float32) + 0.5) * (width / small_w) - x
    dy = (np.arange(small_h, dtype=np.float32) + 0.5) * (height / small_h) - y
    square = (dx[None, :] ** 2 + dy[:, None] ** 2) / np.float32(radius_px**2)
    small = 1.0 / (1.0 + square)
    light: Field = resized(small, (width, height), cv2.INTER_LINEAR)
    return light


def polygons(height: int, width: int, shapes: Sequence[NDArray[np.float64]]) -> Field:
    """The cover of filled shapes (points as x, y in pixels), with smooth edges."""
    mask = np.zeros((height, width), np.uint8)
    for shape in shapes:
        # Four fractional bits: edges fall between pixels instead of jumping along them.
        points = np.round(shape * 16.0).astype(np.int32)
        cv2.fillPoly(mask, [points], 255, lineType=cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255.0)


def below(line: NDArray[np.float32], rows: int) -> Field:
    """The cover of everything below a line (one row for each column), with a smooth edge."""
    depth = np.arange(rows, dtype=np.float32)[:, None] - line[None, :] + np.float32(0.5)
    cover: Field = np.clip(depth, 0.0, 1.0)
    return cover


def finish(canvas: Planes, rng: np.random.Generator, *, grain: float = 1.2) -> Rgb:
    """The canvas as an image; a little grain keeps smooth gradients from banding."""
    height, width = canvas.shape[1:]
    tile = rng.standard_normal((256, 256), dtype=np.float32) * np.float32(grain)
    noise = np.tile(tile, (height // 256 + 1, width // 256 + 1))[:height, :width]
    # cv2 rounds and saturates as it adds.
    planes = [cv2.add(plane, noise, dtype=cv2.CV_8U) for plane in canvas]
    return np.asarray(cv2.merge(planes), np.uint8)
