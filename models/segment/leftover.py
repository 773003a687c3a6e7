"""A background's mask: what the objects leave over."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.segment.segmentation import Segmented


def leftover(size: tuple[int, int], objects: Sequence[Segmented], gap_px: int) -> Segmented:
    """What the objects leave over, as certain as the least certain of them.

    Args:
        size: Width and height of the image.
        objects: All objects of the image.
        gap_px: Objects are grown by this first.
    """
    width, height = size
    taken = np.zeros((height, width), np.uint8)
    for one in objects:
        taken |= one.mask.view(np.uint8)
    side = 2 * gap_px + 1
    grown = cv2.dilate(taken, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    # With no objects the whole canvas is background, which is true but says nothing.
    score = min((one.score for one in objects), default=1.0)
    return Segmented(mask=grown == 0, score=score)
