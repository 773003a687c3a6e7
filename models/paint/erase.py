"""Erasing: the mask filled as if nothing had been there."""

import cv2
import numpy as np
from scipy import ndimage

from models.geometry import Bitmap, Box, Rgb
from models.paint.base import Painting, PaintRequest
from models.paint.collage import fill



def paint_erased(request: PaintRequest) -> Painting:
    hole = grown(request.mask, request.grow_px)
    box = Box.around(hole)
    height, width = hole.shape
    window = box.grown(round(0.35 * (box.width + box.height)) + 16, width=width, height=height)
    view = erased(request.image[window.slices], hole[window.slices])
    inner = Box(box.x0 - window.x0, box.y0 - window.y0, box.x1 - window.x0, box.y1 - window.y0)
    return Painting(box=box, rgb=view[inner.slices], alpha=hole[box.slices])


def grown(mask: Bitmap, grow_px: int) -> Bitmap:
    if grow_px <= 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow_px + 1,) * 2)
    return cv2.dilate(mask.astype(np.uint8), disc).astype(np.bool_)


def erased(image: Rgb, hole: Bitmap) -> Rgb:
    filled = fill(image.astype(np.float32), hole, ~hole)
    return np.where(hole[..., None], (filled + 0.5).astype(np.uint8), image)
