"""Tone and grain: what several styles do to light and surface."""

import cv2
import numpy as np

from models.geometry import Rgb
from models.paint.noise import Field, fractal


def unit_px(image: Rgb) -> float:
    """A thousandth of the short side: the length that styles measure their marks in."""
    return min(image.shape[:2]) / 1000


def luminance(image: Rgb) -> Field:
    """Brightness, 0 to 1, stretched so that the darkest and brightest 1 % reach the ends."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(grey[::4, ::4], (1, 99))
    # A flat image stays as bright as it is instead of turning into noise.
    low, high = min(float(low), 64.0), max(float(high), 192.0)
    return np.clip((grey.astype(np.float32) - np.float32(low)) / np.float32(high - low), 0, 1)


def smoothed(image: Rgb, *, radius_px: float, strength: float) -> Rgb:
    """Detail gone, edges kept (domain transform); `strength` is the colour step that survives."""
    grown: Rgb = cv2.ximgproc.dtFilter(image, image, radius_px, strength, mode=1, numIters=2)
    return grown


def saturated(image: Rgb, factor: float) -> Rgb:
    """Colours pushed away from grey by a factor."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    pushed: Rgb = cv2.addWeighted(image, factor, grey, 1 - factor, 0)
    return pushed


def ink_lines(grey: Field, *, width_px: float, strength: float, least: float = 0.0) -> Field:
    """Drawn edges, 0 (paper) to 1 (ink): an extended difference of Gaussians (Winnemoeller 2011).

    `width_px` is the stroke's width; `least` the difference below which nothing is drawn.
    """
    fine = cv2.GaussianBlur(grey, (0, 0), max(width_px, 0.5))
    wide = cv2.GaussianBlur(grey, (0, 0), max(width_px, 0.5) * 1.6)
    dark = (wide - fine) - np.float32(least)
    return np.clip(dark * np.float32(strength), 0, 1)


def paper(rng: np.random.Generator, height: int, width: int, *, tooth_px: float) -> Field:
    """The relief of a sheet of paper, zero mean, lit from the upper left."""
    fibres = fractal(rng, height, width, cell_px=max(tooth_px, 2.0), gain=0.8)
    lit: Field = cv2.filter2D(fibres, -1, np.array([[1, 0.5], [0.5, -2]], np.float32) / 2)
    return lit


def vignette(height: int, width: int, *, strength: float) -> Field:
    """A factor that falls from 1 in the middle to 1 - strength in the corners."""
    dx = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    dy = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    square = (dx + dy) / np.float32(2.0)
    return np.float32(1.0) - np.float32(strength) * square


def to_rgb(grey: Field) -> Rgb:
    """A field of 0 to 1 as a grey image."""
    plane = cv2.convertScaleAbs(np.clip(grey, 0, 1), alpha=255.0)
    image: Rgb = cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB)
    return image


def merged(planes: list[Field]) -> Rgb:
    """Red, green and blue fields of 0 to 255 as an image."""
    image: Rgb = cv2.merge([cv2.convertScaleAbs(np.clip(plane, 0, 255)) for plane in planes])
    return image
