"""Plain statistics of a picture, which no judge sees: they tell whether one is being gamed.

A painter that is chosen, or trained, by a judge's word drifts to what that judge likes. Where
accepted pictures grow darker, flatter or more colourful than the others, it is the judge's liking
that changed them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Rgb

SIDE_PX = 256
"""Longer side at which a picture is measured: coarse enough that its size does not count."""
DARK = 40
"""Brightest channel of a dark pixel, of 255."""
EDGE = 60.0
"""Slope of the luminance from which on a pixel lies on an edge (Sobel 3 x 3, of 1020)."""

STATISTICS = ("dark_frac", "edge_frac", "saturation")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStatistics:
    """Of one picture, each 0 to 1."""

    dark_frac: float
    """Share of its pixels that are nearly black."""
    edge_frac: float
    """Share of its pixels that lie on an edge."""
    saturation: float
    """Mean saturation (HSV)."""


def image_statistics(image: Rgb) -> ImageStatistics:
    """The statistics of a picture, height x width x 3."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
    saturation = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[..., 1]
    return ImageStatistics(
        dark_frac=float((small.max(axis=2) < DARK).mean()),
        edge_frac=float((slope > EDGE).mean()),
        saturation=float(saturation.mean()) / 255,
    )
