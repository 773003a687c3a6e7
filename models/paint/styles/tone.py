"""Tone and grain: what several styles do to light and surface."""

import cv2
import numpy as np

from models.geometry import Rgb
from models.paint.filters import blur, converted
from models.paint.noise import Field, fractal


def unit_px(image: Rgb) -> float:
    """A thousandth of the short side: the length that styles measure their marks in."""
    height, width = image.shape[:2]
    return float(min(height, width) / 1000)


def luminance(image: Rgb) -> Field:
    """Brightness, 0 to 1, stretched so that the darkest and brightest 1 % reach the ends."""
    grey = converted(image, cv2.COLOR_RGB2GRAY)
    darkest, brightest = (float(v) for v in np.percentile(grey[::4, ::4], (1, 99)))
    # A flat image stays as bright as it is instead of turning into noise.
    low, high = min(darkest, 64.0), max(brightest, 192.0)
    stretched: Field = (grey.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return stretched.clip(0, 1)


def smoothed(image: Rgb, *, radius_px: float, strength: float) -> Rgb:
    """Detail gone, edges kept (domain transform); `strength` is the colour step that survives."""
    calm = cv2.ximgproc.dtFilter(image, image, radius_px, strength, mode=1, numIters=2)
    return np.asarray(calm, np.uint8)


def saturated(image: Rgb, factor: float) -> Rgb:
    """Colours pushed away from grey by a factor."""
    grey = converted(converted(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(image, factor, grey, 1 - factor, 0), np.uint8)


def ink_lines(grey: Field, *, width_px: float, strength: float, least: float = 0.0) -> Field:
    """Drawn edges, 0 (paper) to 1 (ink): an extended difference of Gaussians (Winnemoeller 2011).

    `width_px` is the stroke's width; `least` the difference below which nothing is drawn.
    """
    fine = blur(grey, max(width_px, 0.5))
    wide = blur(grey, max(width_px, 0.5) * 1.6)
    dark = (wide - fine) - np.float32(least)
    return np.clip(dark * np.float32(strength), 0, 1)


def paper(rng: np.random.Generator, height: int, width: int, *, tooth_px: float) -> Field:
    """The relief of a sheet of paper, zero mean, lit from the upper left."""
    fibres = fractal(rng, height, width, cell_px=max(tooth_px, 2.0), gain=0.8)
    kernel = np.array([[1, 0.5], [0.5, -2]], np.float32) / np.float32(2)
    return np.asarray(cv2.filter2D(fibres, -1, kernel), np.float32)


def vignette(height: int, width: int, *, strength: float) -> Field:
    """A factor that falls from 1 in the middle to 1 - strength in the corners."""
    dx = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    dy = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    square = (dx + dy) / np.float32(2.0)
    return np.float32(1.0) - np.float32(strength) * square


def to_rgb(grey: Field) -> Rgb:
    """A field of 0 to 1 as a grey image."""
    plane = cv2.convertScaleAbs(np.clip(grey, 0, 1), alpha=255.0)
    return converted(np.asarray(plane, np.uint8), cv2.COLOR_GRAY2RGB)
