"""The rim of a masked object: what its own colour is there, and how opaque it is.

A mask is binary, but at an object's edge the photograph blends it with what lies behind. Pasted
elsewhere, those pixels show as a halo. For the few pixels of the rim this estimates the unmixed
colour (from the object's inside) and the opacity (where the pixel lies between the colours inside
and outside: the projection of alpha matting).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Rgb

_SURE_PX = 2
"""A pixel this deep inside the rim, or twice as far outside, is taken to be unmixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rim:
    """Pixels near an object's edge, as parallel arrays."""

    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    colour: NDArray[np.float32]
    """The object's own colour, n x 3, 0 to 255."""
    opacity: NDArray[np.float32]
    """The object's share of the pixel, 0 to 1."""


def find_rim(image: Rgb, subject: Bitmap, *, inner_px: float, outer_px: float) -> Rim:
    """The rim from `inner_px` inside to `outer_px` outside of the subject's edge."""
    inside = subject.astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    signed = away - depth
    # Distances count from pixel centres: the edge lies half a pixel from the first on each side.
    rows, cols = np.nonzero((signed <= outer_px) & (signed >= -inner_px))
    core, beyond = depth > max(_SURE_PX, inner_px), away > 2 * _SURE_PX
    if not rows.size or not core.any():
        empty = np.empty(0, np.intp)
        return Rim(rows=empty, cols=empty, colour=np.empty((0, 3), "f4"), opacity=np.empty(0, "f4"))
    soft = cv2.blur(image, (3, 3)).astype(np.float32)
    front, reach = _nearest(soft, core, rows, cols)
    back = _nearest(soft, beyond, rows, cols)[0] if beyond.any() else np.full_like(front, 255.0)
    own = image[rows, cols].astype(np.float32)
    distance = signed[rows, cols] - np.sign(signed[rows, cols]) * np.float32(0.5)
    opacity = _opacity(own, front, back, distance, outer_px=outer_px)
    # Thin parts (a stem, a whisker) have no inside nearby: they keep their own colour.
    thin = (reach > 4 * _SURE_PX)[:, None] & (distance < 0)[:, None]
    colour = np.where(thin, own, front)
    return Rim(rows=rows, cols=cols, colour=colour, opacity=np.where(thin[:, 0], 1.0, opacity))


def _nearest(
    image: NDArray[np.float32], where: Bitmap, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each pixel, the colour at the nearest True pixel, and the distance to it."""
    away, label = cv2.distanceTransformWithLabels(
        (~where).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(label.max()) + 1, 3), np.float32)
    colours[label[where]] = image[where]
    return colours[label[rows, cols]], np.asarray(away[rows, cols], np.float32)


def _opacity(
    own: NDArray[np.float32],
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    distance: NDArray[np.float32],
    *,
    outer_px: float,
) -> NDArray[np.float32]:
    """Measured opacity where both sides differ in colour, a one-pixel edge where they do not."""
    axis = front - back
    contrast = (axis**2).sum(axis=1)
    measured = np.clip(((own - back) * axis).sum(axis=1) / np.maximum(contrast, 1.0), 0, 1)
    assumed = np.clip(0.5 - distance / 2, 0, 1)
    # 40 grey levels apart in each channel are told apart safely.
    trust = np.clip(contrast / (3 * 40.0**2), 0, 1)
    blended = trust * measured + (1 - trust) * assumed
    # Outside, opacity must end: a shadow or a like-coloured neighbour is no part of the object.
    fade = np.clip(1 - np.maximum(distance, 0) / max(outer_px, 1e-3), 0, 1)
    limited: NDArray[np.float32] = (blended * fade).astype(np.float32)
    return limited
