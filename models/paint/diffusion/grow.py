"""Growing a mask: a painter needs room to make the seam invisible."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box
from models.painting import PaintRequest

REFERENCE_SHORT_SIDE_PX = 1024
"""Least growths are given for images of this short side, as an edit type's are."""


def grown_mask(request: PaintRequest, *, min_grow_px: int = 0) -> tuple[Bitmap, int]:
    """What a workflow paints, and how far it was grown, in pixels of the image.

    Args:
        request: The mask, and the growth its edit type allows.
        min_grow_px: The least that the workflow needs, for an image 1024 px on its short side.
    """
    scale = min(request.mask.shape) / REFERENCE_SHORT_SIDE_PX
    grow_px = max(request.grow_px, round(min_grow_px * scale))
    return grown(request.mask, grow_px), grow_px


def grown(mask: Bitmap, grow_px: int) -> Bitmap:
    """The mask with a round margin.

    By distance rather than dilation, whose time grows with the square of the margin: 64 px of a
    1024 px image are 250 px of a 4000 px one.
    """
    if grow_px <= 0 or not mask.any() or mask.all():
        return mask
    height, width = mask.shape
    reach = Box.around(mask).grown(grow_px, width=width, height=height).slices
    free = (~mask[reach]).astype(np.uint8)
    wide = np.zeros_like(mask)
    wide[reach] = depth(free) <= grow_px
    return wide


def depth(inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each pixel that is not 0 lies from the nearest 0, pixels; vast where there is none.

    OpenCV's answers differ in the last bits with its threads. Their squares are whole numbers,
    which gives the exact answer up to a thousand pixels, farther than a mask grows or is feathered.
    """
    near: NDArray[np.float32] = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(near, dtype=np.float64))).astype(np.float32)
