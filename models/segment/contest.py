"""Pixels that two objects' masks claim go to the one whose own area they continue."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb

_LONG_SIDE_PX = 320
_LEAST_OVERLAP_PX = 16


def settle(image: Rgb, masks: Sequence[Bitmap]) -> list[Bitmap]:
    """The masks without overlaps; pairs are settled in order, so the answer is deterministic."""
    settled = [mask.copy() for mask in masks]
    boxes = [Box.around(mask) for mask in masks]
    for first in range(len(settled)):
        for second in range(first + 1, len(settled)):
            if _meet(boxes[first], boxes[second]):
                _settle_pair(image, settled[first], settled[second])
    return settled


def _meet(one: Box, other: Box) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > 0 and down > 0


def _settle_pair(image: Rgb, first: Bitmap, second: Bitmap) -> None:
    contested = first & second
    if np.count_nonzero(contested) < _LEAST_OVERLAP_PX:
        second &= ~contested
        return
    height, width = contested.shape
    tight = Box.around(contested)
    margin_px = max(8, max(tight.width, tight.height) // 4)
    view = tight.grown(margin_px, width=width, height=height).slices
    mine, theirs, both = first[view], second[view], contested[view]
    goes_to_first = _flooded_from_first(image[view], mine & ~both, theirs & ~both)
    theirs &= ~(both & goes_to_first)
    mine &= ~(both & ~goes_to_first)


def _flooded_from_first(crop: Rgb, first: Bitmap, second: Bitmap) -> Bitmap:
    """Where a watershed from both sides, over the image's edges, is reached by the first."""
    scale = min(1.0, _LONG_SIDE_PX / max(crop.shape[:2]))
    size = (max(3, round(crop.shape[1] * scale)), max(3, round(crop.shape[0] * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    markers = np.zeros((size[1], size[0]), np.int32)
    for label, part in ((1, first), (2, second)):
        markers[cv2.resize(part.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0] = label
    if not (markers == 1).any():
        return np.zeros(crop.shape[:2], np.bool_)
    if not (markers == 2).any():
        return np.ones(crop.shape[:2], np.bool_)
    reached = cv2.watershed(small, markers)
    # The watershed leaves a one-pixel border of -1 between the two; it stays with the second.
    native = cv2.resize(
        (reached == 1).astype(np.uint8),
        (crop.shape[1], crop.shape[0]),
        interpolation=cv2.INTER_NEAREST,
    )
    return np.asarray(native > 0, np.bool_)
