"""The masked object alone on clean white."""

import cv2
import numpy as np

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.base import Painting, PaintRequest
from models.paint.filters import resized
from models.paint.matte import find_rim
from models.paint.noise import Field

_RIM_PX = 2.0
_TINY_FRAC = 0.35
"""An object whose box is smaller than this share of the canvas, on both sides, is enlarged."""

_MOST_SCALE = 2.0


def paint_isolated(request: PaintRequest) -> Painting:
    """The object in the middle of a white canvas as large as the image.

    At its native scale its pixels are the image's own, but for a rim of two pixels where the old
    background is unmixed; a tiny object is enlarged, at most twice.

    Raises:
        FaultError: the mask is empty.
    """
    height, width = request.mask.shape
    tight = Box.around(request.mask)
    if not tight.area_px:
        raise FaultError(Reason.EMPTY_MASK, f"no pixel of {request.name!r} to isolate")
    box = tight.grown(6, width=width, height=height)
    rgb, opacity = _cut_out(request.image[box.slices], request.mask[box.slices])
    scale = min(_MOST_SCALE, _TINY_FRAC * min(width / tight.width, height / tight.height))
    if scale > 1:
        rgb, opacity = _enlarged(rgb, opacity, scale)
    canvas = np.full((height, width, 3), 255, np.uint8)
    _place(canvas, rgb, opacity)
    return Painting(
        box=Box.canvas(width, height), rgb=canvas, alpha=np.ones((height, width), np.bool_)
    )


def _cut_out(image: Rgb, mask: Bitmap) -> tuple[Rgb, Field]:
    """The object with the colours of its rim unmixed, and its opacity (0 to 1)."""
    rgb, opacity = image.copy(), mask.astype(np.float32)
    rim = find_rim(image, mask, inner_px=_RIM_PX, outer_px=_RIM_PX)
    solid = (rim.opacity > 0.98) & mask[rim.rows, rim.cols]
    opacity[rim.rows, rim.cols] = np.where(solid, 1.0, rim.opacity)
    own = image[rim.rows, rim.cols]
    rgb[rim.rows, rim.cols] = np.where(solid[:, None], own, np.rint(rim.colour).astype(np.uint8))
    return rgb, opacity


def _enlarged(rgb: Rgb, opacity: Field, scale: float) -> tuple[Rgb, Field]:
    """Both enlarged, colours weighted by opacity so that nothing from outside bleeds in."""
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    weighted = rgb.astype(np.float32) * opacity[..., None]
    large = resized(weighted, size, cv2.INTER_LANCZOS4)
    cover = np.clip(resized(opacity, size, cv2.INTER_LANCZOS4), 0, 1)
    colour = large / np.maximum(cover, 1e-3)[..., None]
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8), cover


def _place(canvas: Rgb, rgb: Rgb, opacity: Field) -> None:
    """Paste into the middle of the canvas; what would reach outside is the transparent margin."""
    height, width = canvas.shape[:2]
    rows, cols = min(rgb.shape[0], height), min(rgb.shape[1], width)
    top, left = (height - rows) // 2, (width - cols) // 2
    cut = (slice((rgb.shape[0] - rows) // 2, None), slice((rgb.shape[1] - cols) // 2, None))
    part = rgb[cut][:rows, :cols]
    cover = opacity[cut][:rows, :cols, None]
    mixed = 255.0 + (part.astype(np.float32) - 255.0) * cover
    canvas[top : top + rows, left : left + cols] = np.rint(mixed).astype(np.uint8)
