"""OpenCV's filters with the types kept: what goes in as a field comes out as one."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = TypeVar("Pixels", bound=NDArray[Any])

MOST_PAINTED_PX = 36_000_000
"""Pixels of a style or a scenery: 90 bytes for each of 100 million would fill a laptop's memory."""

LONGEST_PAINTED_PX = 32_000
"""OpenCV's `remap` ends at 32,766 px a side, and some marks are laid at half of the image's."""


def blur(pixels: Pixels, sigma_px: float) -> Pixels:
    """A Gaussian blur."""
    return cast(Pixels, cv2.GaussianBlur(pixels, (0, 0), sigma_px))


def resized(pixels: Pixels, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> Pixels:
    """The pixels at another size (width, height)."""
    return cast(Pixels, cv2.resize(pixels, size, interpolation=interpolation))


def painted_size(width: int, height: int) -> tuple[int, int]:
    """Width and height to paint a whole image at before it is enlarged to its own.

    Marks are measured in thousandths of the short side, so a smaller canvas loses none of them.
    """
    factor = min(
        1.0, math.sqrt(MOST_PAINTED_PX / (width * height)), LONGEST_PAINTED_PX / max(width, height)
    )
    return max(1, round(width * factor)), max(1, round(height * factor))


def shrunk(pixels: Pixels, factor: int) -> Pixels:
    """The mean of blocks of `factor` x `factor` pixels; at least one pixel is left."""
    height, width = pixels.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    return resized(pixels, size, cv2.INTER_AREA)


def derivative(field: NDArray[np.floating[Any]], dx: int, dy: int) -> NDArray[np.floating[Any]]:
    """Sobel's derivative: how the field rises to the right (dx), downwards (dy) or across both."""
    return cast(NDArray[np.floating[Any]], cv2.Sobel(field, cv2.CV_32F, dx, dy, ksize=3))


def sampled(pixels: Pixels, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> Pixels:
    """The pixels at fractional places; beyond an edge they are mirrored."""
    at = (x.astype(np.float32, copy=False), y.astype(np.float32, copy=False))
    return cast(Pixels, cv2.remap(pixels, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def converted(image: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    """An image of bytes in another colour space, by OpenCV's conversion code."""
    return cast(NDArray[np.uint8], cv2.cvtColor(image, code))


def to_bytes(planes: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.uint8]:
    """Planes of 0 to 255 as an image, rounded and clipped."""
    parts = [cv2.convertScaleAbs(np.clip(plane, 0, 255)) for plane in planes]
    return cast(NDArray[np.uint8], cv2.merge(parts))
