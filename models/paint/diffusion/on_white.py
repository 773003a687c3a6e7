"""An object on a white canvas, with room around it for what its picture did not show."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.paint.cutout import cut_out
from models.painting import Painting, PaintRequest

_TINY_FRAC = 0.35
_MOST_SCALE = 2.0
"""A tiny object is enlarged as far as `models.paint.classical` enlarges it."""
_RIM_PX = 2
"""Pixels of the object's edge, mixed with its old background, that are painted anew."""
_PAPER = 248
"""The least of three channels from which on a pixel counts as white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnWhite:
    """The canvas, as large as the image, and where a model may paint on it."""

    canvas: Rgb
    open: Bitmap
    """Around the object and at its rim; not inside it, whose pixels are known."""

    def portrait(self) -> Rgb:
        """The object in the middle of a white square, for an encoder that wants squares."""
        box = Box.around(self.open)
        shown = self.canvas[box.slices]
        side = max(box.width, box.height)
        square = np.full((side, side, 3), 255, np.uint8)
        top, left = (side - box.height) // 2, (side - box.width) // 2
        square[top : top + box.height, left : left + box.width] = shown
        return square

    def completed(self, painting: Painting) -> Painting:
        """The whole canvas with what a model painted in the open."""
        canvas = self.canvas.copy()
        canvas[painting.box.slices][painting.alpha] = on_paper(painting.rgb)[painting.alpha]
        height, width = self.open.shape
        whole = np.ones((height, width), np.bool_)
        return Painting(box=Box.canvas(width, height), rgb=canvas, alpha=whole)


def on_white(request: PaintRequest, *, room_frac: float) -> OnWhite:
    """The masked object in the middle of white.

    Args:
        request: The image and the object's mask.
        room_frac: How far around the object a model may paint, as a share of its longer side.

    Raises:
        FaultError: EMPTY_MASK.
    """
    height, width = request.mask.shape
    thing, tight = cut_out(request.image, request.mask), Box.around(request.mask)
    scale = min(_MOST_SCALE, _TINY_FRAC * min(width / tight.width, height / tight.height))
    if scale > 1:
        thing = thing.scaled(scale)
    rows, cols = thing.opacity.shape
    left, top = (width - cols) // 2, (height - rows) // 2
    place = Box(left, top, left + cols, top + rows)
    canvas = np.full((height, width, 3), 255, np.uint8)
    replace(thing, box=place).paste(canvas)
    extent = replace(thing, box=place).extent
    room_px = max(_RIM_PX, round(room_frac * max(extent.width, extent.height)))
    around = np.zeros((height, width), np.bool_)
    around[extent.grown(room_px, width=width, height=height).slices] = True
    return OnWhite(canvas=canvas, open=around & ~_known(thing.opacity > 0.99, place, around.shape))


def on_paper(rgb: Rgb) -> Rgb:
    """The image with what a model left nearly white made white, as the canvas around it is."""
    paper = (rgb >= _PAPER).all(axis=2, keepdims=True)
    return np.where(paper, np.uint8(255), rgb)


def _known(solid: Bitmap, place: Box, shape: tuple[int, ...]) -> Bitmap:
    """The object's pixels without its rim, on the canvas."""
    known = np.zeros(shape, np.uint8)
    held = place.clipped(shape[1], shape[0])
    inner = Box(
        held.x0 - place.x0, held.y0 - place.y0, held.x1 - place.x0, held.y1 - place.y0
    ).slices
    known[held.slices] = solid[inner]
    # The canvas ends no object: OpenCV's own border would keep a rim that touches it.
    kernel = np.ones((2 * _RIM_PX + 1, 2 * _RIM_PX + 1), np.uint8)
    eroded = cv2.erode(known, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded, np.bool_)
