"""Noise that looks like nature: octaves of random grids, and textures laid on a ground plane."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.paint.filters import resized, sampled

Field = NDArray[np.floating[Any]]
"""One value for each pixel, height x width; float32, though numpy's types cannot prove it."""


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    cell_px: float,
    stretch: float = 1.0,
    gain: float = 0.5,
    finest_px: float = 2.0,
) -> Field:
    """Noise of zero mean and unit deviation whose largest features are `cell_px` tall.

    Octaves are added while doubling a coarse grid, so the cost is that of the last doubling.
    `stretch` makes features wider than tall; `gain` is the amplitude kept from octave to octave.
    """
    rows = math.ceil(height / max(cell_px, 1.0)) + 2
    cols = math.ceil(width / max(cell_px * stretch, 1.0)) + 2
    field = rng.standard_normal((rows, cols), dtype=np.float32)
    amplitude = gain
    for _ in range(max(0, round(math.log2(max(cell_px, 1.0) / finest_px)))):
        rows, cols = 2 * rows, 2 * cols
        field = resized(field, (cols, rows), cv2.INTER_LINEAR)
        field += amplitude * rng.standard_normal((rows, cols), dtype=np.float32)
        amplitude *= gain
    field = resized(field, (width, height), cv2.INTER_CUBIC)
    mean, deviation = (float(v.item()) for v in cv2.meanStdDev(field))
    return (field - np.float32(mean)) / np.float32(max(deviation, 1e-6))


def profile(
    rng: np.random.Generator, length: int, *, cell_px: float, gain: float = 0.5
) -> NDArray[np.float32]:
    """A ragged line: one value for each of `length` pixels, zero mean, unit deviation."""
    line = np.zeros(length, np.float32)
    amplitude, cell = 1.0, max(cell_px, 2.0)
    at = np.arange(length)
    while cell >= 2.0:
        knots = np.arange(-1, math.ceil(length / cell) + 2) * cell
        shift = rng.uniform(0, cell)
        line += amplitude * np.interp(at, knots + shift - cell, rng.standard_normal(knots.size))
        amplitude *= gain
        cell /= 2.0
    standard: NDArray[np.float32] = (line - line.mean()) / max(float(line.std()), 1e-6)
    return standard.astype(np.float32)


def recede(texture: Field, rows: int, width: int, *, tilt: float = 3.0) -> Field:
    """Lay a texture on a ground plane: `rows` from the vanishing line down to the viewer's feet.

    At the last row one texture pixel is one pixel wide; `tilt` is how many are squeezed into a
    pixel's height there. The texture is mirrored where it ends, so no seam shows.
    """
    near = (np.arange(rows, dtype=np.float32) + 1.0) / max(rows, 1)
    depth = 1.0 / np.maximum(near, 0.02)
    across = (np.arange(width, dtype=np.float32) - width / 2)[None, :] * depth[:, None]
    along = np.repeat((tilt * rows * depth)[:, None], width, axis=1)
    centred = across + np.float32(texture.shape[1] / 2)
    laid = sampled(texture, centred, along)
    # Far rows would sample single texels of a whole field: they flicker, so they fade to the mean.
    laid *= np.minimum(near * 3.0, 1.0)[:, None]
    return laid


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, smooth between."""
    t: Field = np.clip((value - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    eased: Field = t * t * (np.float32(3.0) - np.float32(2.0) * t)
    return eased
