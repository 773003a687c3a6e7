"""The reduced view in which one box is cut: a crop with a margin, its colours and its edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.geometry import Bitmap, Box, Rgb

_MIN_MARGIN_PX = 8
_MIN_RING_PX = 40
"""Fewer background pixels than this cannot train a colour model of five Gaussians."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A box with its surroundings, reduced so that its cost does not grow with the image."""

    native: Rgb
    """The crop at the image's own resolution."""
    rgb: Rgb
    """The crop, reduced."""
    scale: float
    """Reduced pixels per native pixel, at most 1."""
    crop: Box
    """Where the crop lies in the image."""
    outside: Bitmap
    """Reduced pixels outside the box: background by the meaning of a box."""
    foreign: Bitmap
    """Reduced pixels inside another object's box."""

    @classmethod
    def around(
        cls, image: Rgb, box: Box, others: Sequence[Box], *, long_side_px: int, margin_frac: float
    ) -> Self:
        """Crop around a non-empty box that lies inside the image."""
        height, width = image.shape[:2]
        margin_px = max(_MIN_MARGIN_PX, round(margin_frac * max(box.width, box.height)))
        crop = box.grown(margin_px, width=width, height=height)
        native = np.ascontiguousarray(image[crop.slices])
        scale = min(1.0, long_side_px / max(crop.width, crop.height))
        size = (max(2, round(crop.width * scale)), max(2, round(crop.height * scale)))
        rgb = np.asarray(cv2.resize(native, size, interpolation=cv2.INTER_AREA), np.uint8)
        foreign = np.zeros(rgb.shape[:2], np.bool_)
        for other in others:
            foreign[_reduced(other, crop, rgb).slices] = True
        outside = np.ones(rgb.shape[:2], np.bool_)
        outside[_reduced(box, crop, rgb).slices] = False
        return cls(native=native, rgb=rgb, scale=scale, crop=crop, outside=outside, foreign=foreign)

    @cached_property
    def edges(self) -> NDArray[np.float32]:
        """The greatest step of any Lab channel between neighbours, height x width, 0 to 255.

        A light blur first keeps sensor noise and paper grain from counting as edges.
        """
        lab = cv2.GaussianBlur(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2LAB), (0, 0), 0.8)
        cross = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
        steps = cv2.morphologyEx(lab, cv2.MORPH_GRADIENT, cross).max(axis=2)
        return np.asarray(steps, np.float32)

    @cached_property
    def ring(self) -> Bitmap:
        """Pixels outside the box that no other object claims, or all outside if those are few."""
        own = self.outside & ~self.foreign
        return own if np.count_nonzero(own) >= _MIN_RING_PX else self.outside

    @cached_property
    def smooth_below(self) -> float:
        """The step below which two neighbours are one smooth area.

        Low, so that a faint contour still stops a flood: a tree on a meadow, a cup on a pale wall.
        What a low limit wrongly leaves unflooded is later told by its colour.
        """
        texture = np.quantile(self.edges[self.ring], 0.75) if self.ring.any() else 6.0
        return float(np.clip(1.3 * texture, 6.0, 12.0))

    @cached_property
    def edge_floor(self) -> float:
        """The step that counts as an edge here: above nine tenths of the ring's own texture.

        Bounded so that a flat ring does not make every ripple an edge (8) and a busy one does not
        hide every contour (30).
        """
        texture = np.quantile(self.edges[self.ring], 0.9) if self.ring.any() else 8.0
        return float(np.clip(1.3 * texture, 8.0, 30.0))

    def masked_out(self, foreign: Bitmap) -> Rgb:
        """The reduced crop with some pixels painted in the colour of the nearest ring pixel.

        What belongs to another object must not teach the background model its colours: objects
        share outlines and paint.
        """
        if not foreign.any() or not self.ring.any():
            return self.rgb
        rows, cols = ndimage.distance_transform_edt(
            ~self.ring, return_distances=False, return_indices=True
        )
        painted = self.rgb.copy()
        painted[foreign] = self.rgb[rows[foreign], cols[foreign]]
        return painted


def _reduced(box: Box, crop: Box, rgb: Rgb) -> Box:
    height, width = rgb.shape[:2]
    along_x, along_y = width / crop.width, height / crop.height
    return Box(
        round((box.x0 - crop.x0) * along_x),
        round((box.y0 - crop.y0) * along_y),
        round((box.x1 - crop.x0) * along_x),
        round((box.y1 - crop.y0) * along_y),
    ).clipped(width, height)
