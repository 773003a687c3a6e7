"""The pair at judging scale: both images in CIE Lab with the mask of one subject."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, Rgb, lengths

Plane = NDArray[np.float32]
"""Height x width (one measure for each pixel), or height x width x 3 in CIE Lab (L 0 to 100)."""

CANVAS_PX = 640
"""Long side of the view of the whole image: 4 px of a 1280 px image are two of the view's."""
SUBJECT_PX = 512
"""Long side of the view of one subject."""
CONTEXT_FRAC = 0.35
"""Surroundings on each side of a subject, as a share of the longer side of its box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """A crop of a pair, both images and the masks resampled alike."""

    before: Plane
    after: Plane
    mask: Bitmap
    """The subject."""
    others: Bitmap
    """Every other subject of the edit, grown: neither surroundings nor untouched."""
    delta: Plane
    """CIE76 colour difference of each pixel."""
    scale: float
    """Pixels of the view for one of the image."""

    def px(self, image_px: float) -> int:
        """A length of the image in pixels of the view, at least 1."""
        return max(1, round(image_px * self.scale))

    def fitted(self, mask: Bitmap) -> Bitmap:
        """A mask of the same part of the image at the view's size."""
        return _resized(mask, self.before)

    @property
    def flipped(self) -> "PairView":
        """The pair read backwards."""
        return PairView(
            before=self.after,
            after=self.before,
            mask=self.mask,
            others=self.others,
            delta=self.delta,
            scale=self.scale,
        )


def view_of(
    source: Rgb, target: Rgb, mask: Bitmap, others: Bitmap, *, box: Box, limit_px: int
) -> PairView:
    """The pair inside `box`, reduced so that its long side is at most `limit_px`."""
    rows, cols = box.slices
    scale = min(1.0, limit_px / max(box.width, box.height, 1))
    before, after = (_lab(image[rows, cols], scale) for image in (source, target))
    return PairView(
        before=before,
        after=after,
        mask=_resized(mask[rows, cols], before),
        others=_resized(others[rows, cols], before),
        delta=colour_distance(before, after),
        scale=scale,
    )


def colour_distance(one: Plane, two: Plane) -> Plane:
    """CIE76 difference of each pixel of two planes in Lab."""
    return lengths(one - two)


def subject_box(mask: Bitmap) -> Box:
    """The box of a mask with the surroundings that it is compared with."""
    height, width = mask.shape
    box = Box.around(mask)
    margin = round(CONTEXT_FRAC * max(box.width, box.height)) + 16
    return box.grown(margin, width=width, height=height)


def grown(mask: Bitmap, radius_px: int) -> Bitmap:
    """The mask with a rim of `radius_px`; without one of that width where the radius is negative.

    By a distance transform, whose cost does not depend on the radius.
    """
    if radius_px == 0 or not mask.any() or mask.all():
        return mask
    inside = mask if radius_px < 0 else ~mask
    distance = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance <= radius_px if radius_px > 0 else distance > -radius_px)


def luma_gradient(lab: Plane) -> tuple[Plane, Plane]:
    """Horizontal and vertical derivative of L, in units of L for each pixel."""
    light = np.ascontiguousarray(lab[..., 0])
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def steepness(lab: Plane) -> Plane:
    """Length of that gradient; cv2.magnitude's last bits depend on where its arrays lie."""
    return np.hypot(*luma_gradient(lab))


def lab_of(rgb: tuple[int, int, int]) -> NDArray[np.float32]:
    """One sRGB colour in CIE Lab."""
    pixel = np.array([[rgb]], np.float32) / 255
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0], np.float32)


def reduced(image: Rgb, size: tuple[int, int]) -> Rgb:
    """The image at `size` (width, height), each pixel the mean of those it stands for."""
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def to_lab(image: Rgb) -> Plane:
    """An image in CIE Lab: L 0 to 100, a and b about -100 to 100."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _lab(image: Rgb, scale: float) -> Plane:
    small = image
    if scale < 1:
        height, width = image.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = reduced(image, size)
    return to_lab(small)


def _resized(mask: Bitmap, like: Plane) -> Bitmap:
    height, width = like.shape[:2]
    if mask.shape == (height, width):
        return mask
    if not mask.any():
        return np.zeros((height, width), np.bool_)
    return np.asarray(reduced(mask.view(np.uint8) * 255, (width, height)) >= 128)
