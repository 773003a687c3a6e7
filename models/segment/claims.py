"""How sure a cut is, and to which object a pixel goes that two claim."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.segment.window import Window

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


_SLACK = 0.06
"""A tight box may stand off its object by this share of its side before it counts against it."""
_LACK = 2.0
"""Confidence lost for each side's length of the box that lacks the object: a mask that ends 12 % of
a side short of it has lost a part, such as the tip of a rocket."""


def confidence(window: Window, mask: Bitmap) -> float:
    """Estimated quality of a reduced mask, 0 to 1: the product of three independent signs.

    Agreement: the share of the contour that lies on an edge of the image.
    Separation: how little the colours inside resemble those around; its root is taken, since a good
    mask may well share colours with its surroundings.
    Reach: whether the mask touches all four sides of its box, as an object does whose box is tight
    (the tightness prior of Lempitsky et al., 2009).
    """
    inside = mask & ~window.outside
    if not inside.any():
        return 0.0
    apart = math.sqrt(separation(window, inside))
    return agreement(window, inside) * apart * reach(window, inside)


def agreement(window: Window, mask: Bitmap) -> float:
    """Mean strength of the image's edges along the contour, each capped at the edge floor."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    contour = (cv2.morphologyEx(padded, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)[
        1:-1, 1:-1
    ]
    if not contour.any():
        return 0.0
    near = cv2.dilate(window.edges, np.ones((3, 3), np.uint8))[contour]
    return float(np.minimum(near / window.edge_floor, 1.0).mean())


def separation(window: Window, mask: Bitmap) -> float:
    """One minus the overlap of the Lab histograms in and around the mask."""
    lab = cv2.cvtColor(window.rgb, cv2.COLOR_RGB2LAB)
    around = ~mask & ~(window.foreign & window.outside)
    if not around.any():
        return 0.5
    inner, outer = (
        cv2.calcHist([lab], [0, 1, 2], part.astype(np.uint8), [8, 32, 32], [0, 256, 0, 256, 0, 256])
        for part in (mask, around)
    )
    overlap = np.minimum(inner / max(inner.sum(), 1), outer / max(outer.sum(), 1)).sum()
    return float(1 - overlap)


def reach(window: Window, mask: Bitmap) -> float:
    """How far the mask stretches to the box's four sides; 1 where it touches all of them."""
    box, tight = Box.around(~window.outside), Box.around(mask)
    gaps = (
        (tight.x0 - box.x0) / box.width,
        (box.x1 - tight.x1) / box.width,
        (tight.y0 - box.y0) / box.height,
        (box.y1 - tight.y1) / box.height,
    )
    return float(np.clip(1 - (np.maximum(gaps, _SLACK) - _SLACK).sum() * _LACK, 0, 1))
