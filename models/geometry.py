"""Boxes in pixels, `xyxy`, half open: x0 <= x < x1, y0 <= y < y1."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""An image: uint8, height x width x 3, sRGB."""

Bitmap = NDArray[np.bool_]
"""A mask: bool, height x width."""


def differing(one: Rgb, two: Rgb) -> Bitmap:
    """The pixels in which two images of a size differ, in a tenth of the time of `any(axis=2)`."""
    if not one.size:  # which OpenCV splits into nothing at all
        return np.zeros(one.shape[:2], np.bool_)
    red, green, blue = cv2.split(cv2.bitwise_xor(one, two))
    return np.asarray((red | green | blue) > 0)


def lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """How long the vector of each pixel is, in a fifth of the time of `np.linalg.norm`.

    Args:
        vectors: height x width x n.
    """
    if not vectors.size:
        return np.zeros(vectors.shape[:2], np.float32)
    *others, total = cv2.split(vectors * vectors)
    for square in reversed(others):
        total = square + total
    return np.asarray(np.sqrt(total), np.float32)


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """An axis-aligned box with integer pixel corners."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Pixels across; 0 for an empty box."""
        return max(0, self.x1 - self.x0)

    @property
    def height(self) -> int:
        """Pixels down; 0 for an empty box."""
        return max(0, self.y1 - self.y0)

    @property
    def area_px(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this box in an array of rows and columns."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def clipped(self, width: int, height: int) -> Self:
        """The part of the box inside a canvas."""
        return type(self)(
            min(max(self.x0, 0), width),
            min(max(self.y0, 0), height),
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
        )

    def grown(self, margin_px: int, *, width: int, height: int) -> Self:
        """The box with a margin on every side, inside the canvas."""
        return type(self)(
            self.x0 - margin_px, self.y0 - margin_px, self.x1 + margin_px, self.y1 + margin_px
        ).clipped(width, height)

    def union(self, other: Self) -> Self:
        """The smallest box that holds both."""
        return type(self)(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def gap_px(self, other: Self) -> float:
        """Euclidean distance between the nearest edges; 0 where the boxes touch or overlap."""
        dx = max(0, max(self.x0, other.x0) - min(self.x1, other.x1))
        dy = max(0, max(self.y0, other.y0) - min(self.y1, other.y1))
        return float(np.hypot(dx, dy))

    @classmethod
    def around(cls, mask: Bitmap) -> Self:
        """The tight box around a mask; all zeros where the mask is empty."""
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return cls(0, 0, 0, 0)
        return cls(int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1)

    @classmethod
    def canvas(cls, width: int, height: int) -> Self:
        """The whole image."""
        return cls(0, 0, width, height)
