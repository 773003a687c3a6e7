"""Distances between pictures, in Lab (CIE 1976) and at low resolution.

All differences are in units of Delta E: about 2 is just visible side by side, 10 is another shade,
50 is another colour.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, Rgb, lengths

Plane = NDArray[np.float32]
"""Height x width, or height x width x 3."""

_FINE_PX, _COARSE_PX = 192, 96


def ramp(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end` on, straight between; falling where `end` is below `start`."""
    return float(np.clip((value - start) / (end - start), 0, 1))


def to_lab(image: Rgb) -> Plane:
    """Lab: L in [0, 100], a and b around 0."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


def shrunk(image: Rgb, long_side_px: int) -> Rgb:
    """The image at most that long, by area averaging."""
    scale = long_side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def distance(left: Plane, right: Plane) -> Plane:
    """Delta E of each pixel, height x width."""
    return lengths(left - right)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionWindow:
    """A region of an image, looked at through its own box at a coarse and at a fine size."""

    box: Box
    region: Bitmap
    """The region inside the box, at full size."""

    @classmethod
    def around(cls, region: Bitmap) -> Self:
        """The region's tight box, grown by a tenth of its longer side."""
        height, width = region.shape
        tight = Box.around(region)
        box = tight.grown(max(tight.width, tight.height) // 10, width=width, height=height)
        return cls(box=box, region=region[box.slices])

    def coarse(self, image: Rgb) -> Plane:
        """Lab of the box, its longer side at most 96 px."""
        return to_lab(shrunk(image[self.box.slices], _COARSE_PX))

    def fine(self, image: Rgb) -> Plane:
        """Lab of the box, its longer side at most 192 px."""
        return to_lab(shrunk(image[self.box.slices], _FINE_PX))

    def weight(self, like: Plane) -> Plane:
        """How much of each pixel of a shrunk view lies in the region, 0 to 1."""
        size = (like.shape[1], like.shape[0])
        region = self.region.astype(np.float32)
        return np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.float32)


def mean(values: Plane, weight: Plane) -> float:
    """The weighted mean; 0 where nothing has weight."""
    total = float(weight.sum())
    return float((values * weight).sum() / total) if total > 0 else 0.0


def shares(result: Plane, axes: tuple[Plane, ...], weight: Plane) -> NDArray[np.float64]:
    """Least squares: how much of each axis the result holds, both as differences of pictures."""
    root = np.sqrt(weight)[..., None]
    columns = np.stack([(axis * root).ravel() for axis in axes], axis=1).astype(np.float64)
    ridge = 1e-3 * np.trace(columns.T @ columns) * np.eye(len(axes)) + 1e-9 * np.eye(len(axes))
    wanted = columns.T @ (result * root).ravel().astype(np.float64)
    return np.asarray(np.linalg.solve(columns.T @ columns + ridge, wanted), np.float64)


def edges(lab: Plane) -> Plane:
    """Strength of the luminance gradient, height x width."""
    light = np.ascontiguousarray(lab[..., 0])
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down), np.float32)


def soft_edges(lab: Plane) -> Plane:
    """The same, blurred: alike for lines a pixel or two apart."""
    return np.asarray(cv2.GaussianBlur(edges(lab), (0, 0), 1.5), np.float32)


def correlation(left: Plane, right: Plane, weight: Plane) -> float:
    """Weighted Pearson correlation, -1 to 1; 0 where one of the two is flat."""
    a, b = left - mean(left, weight), right - mean(right, weight)
    scale = np.sqrt(mean(a * a, weight) * mean(b * b, weight))
    return float(mean(a * b, weight) / scale) if scale > 1e-6 else 0.0


def histogram(lab: Plane, weight: Plane) -> Plane:
    """A smoothed Lab histogram that sums to 1: cells of 10, 12 and 12 units."""
    samples = lab.reshape(-1, 3)
    ranges = ((0, 100), (-96, 96), (-96, 96))
    counts, _ = np.histogramdd(samples, bins=(10, 16, 16), range=ranges, weights=weight.ravel())
    for axis in (0, 1, 2, 0, 1, 2):
        counts = 0.5 * counts + 0.25 * (np.roll(counts, 1, axis) + np.roll(counts, -1, axis))
    return np.asarray(counts / max(float(counts.sum()), 1e-9), np.float32)


def overlap(left: Plane, right: Plane) -> float:
    """Bhattacharyya coefficient of two histograms, 0 (disjoint) to 1 (equal)."""
    return float(np.sqrt(left * right).sum())
