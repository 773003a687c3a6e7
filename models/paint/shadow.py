"""The contact shadow that an object leaves on the ground below it."""

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.paint.membrane import Field, harmonic

WORKING_PX = 160
REACH_FRAC = 0.18
"""How far below and beside the object a shadow is looked for, as a share of its longer side."""
FAINTEST = 0.025
"""A shadow darkens by at least this share."""
COLOUR_TOLERANCE = 0.10
"""A shadow darkens the three channels alike, to within this share."""


def contact_shadow(image: Rgb, mask: Bitmap) -> Bitmap:
    """Pixels around the foot of `mask` that are darker than the ground would be without it."""
    height, width = mask.shape
    box = Box.around(mask)
    reach = round(REACH_FRAC * max(box.width, box.height)) + 4
    window = box.grown(3 * reach, width=width, height=height)
    scale = min(1.0, WORKING_PX / max(window.width, window.height))
    size = (max(8, round(window.width * scale)), max(8, round(window.height * scale)))
    small = cv2.resize(image[window.slices], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    object_ = cv2.resize(mask[window.slices].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    found = _darkened(small, object_ > 0.05, max(2, round(reach * scale)))
    shadow = np.zeros_like(mask)
    back = cv2.resize(found.astype(np.float32), (window.width, window.height))
    shadow[window.slices] = back > 0.3
    return shadow & ~mask


def _darkened(image: Field, held: Bitmap, reach_px: int) -> Bitmap:
    near = _foot(held, reach_px) & ~held
    ground = harmonic(image, held | near)
    share = (image + 1) / (ground + 1)
    dark = (share.mean(axis=2) < 1 - FAINTEST) & (np.ptp(share, axis=2) < COLOUR_TOLERANCE)
    dark = cv2.morphologyEx((dark & near).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
    seeds = cv2.dilate(held.astype(np.uint8), np.ones((5, 5))).astype(np.bool_)
    _, parts = cv2.connectedComponents(dark)
    touching = np.unique(parts[seeds & (parts > 0)])
    shadow = np.isin(parts, touching[touching > 0]).astype(np.uint8)
    wider: Bitmap = cv2.dilate(shadow, np.ones((3, 3))).astype(np.bool_) & near
    return wider


def _foot(held: Bitmap, reach_px: int) -> Bitmap:
    """Beside the lowest tenth of the object, and somewhat below it."""
    box = Box.around(held)
    top = box.y1 - max(2, box.height // 10)
    lowest = held.copy()
    lowest[:top] = False
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * reach_px + 1, 2 * reach_px + 1))
    foot: Bitmap = cv2.dilate(lowest.astype(np.uint8), ellipse).astype(np.bool_)
    foot[:top] = False
    return foot
