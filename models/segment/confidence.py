"""A segmenter's own estimate of a mask, from the image and the box alone."""

import math

import cv2
import numpy as np

from models.geometry import Bitmap, Box
from models.segment.window import Window

_SLACK = 0.06
"""A tight box may stand off its object by this share of its side before it counts against it."""


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
    return float(np.clip(1 - (np.maximum(gaps, _SLACK) - _SLACK).sum() * 1.5, 0, 1))
