"""From a reduced mask to the final one: no specks, no pinholes, edges on native pixels."""

import cv2
import numpy as np

from models.geometry import Bitmap
from models.segment.window import Window

_EDGE_TOLERANCE = (0.02 * 255) ** 2
"""Guided filter's epsilon: steps far above 2 % of the range are edges to follow."""


def tidied(mask: Bitmap, *, speck_frac: float, hole_frac: float) -> Bitmap:
    """Drop islands and fill holes smaller than these shares of the mask's area."""
    area = np.count_nonzero(mask)
    kept = mask & ~_small_pieces(mask, speck_frac * area)
    return kept | _small_pieces(~kept, hole_frac * area)


def _small_pieces(mask: Bitmap, least_px: float) -> Bitmap:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < least_px
    small[0] = False
    return np.asarray(small[pieces], np.bool_)


def native_mask(window: Window, mask: Bitmap) -> Bitmap:
    """The reduced mask at the crop's own resolution, its edge drawn along the image's edges.

    A guided filter (He et al., 2010) with the crop as its guide, as wide as one and a half reduced
    pixels: the error that reducing has made.
    """
    height, width = window.native.shape[:2]
    soft = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    if window.scale < 1.0:
        radius_px = int(np.ceil(1.5 / window.scale))
        # A window several pixels wide loses nothing when its coefficients are fitted at half size.
        fitted_at = 0.5 if radius_px > 3 else 1.0
        soft = cv2.ximgproc.guidedFilter(
            window.native, soft, radius_px, _EDGE_TOLERANCE, scale=fitted_at
        )
    return np.asarray(soft > 0.5, np.bool_)
