"""The masked object alone on clean white."""

from dataclasses import replace

import numpy as np

from models.geometry import Box
from models.paint.cutout import cut_out
from models.painting import Painting, PaintRequest

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
    thing, tight = cut_out(request.image, request.mask), Box.around(request.mask)
    scale = min(_MOST_SCALE, _TINY_FRAC * min(width / tight.width, height / tight.height))
    if scale > 1:
        thing = thing.scaled(scale)
    canvas = np.full((height, width, 3), 255, np.uint8)
    rows, cols = thing.opacity.shape
    left, top = (width - cols) // 2, (height - rows) // 2
    replace(thing, box=Box(left, top, left + cols, top + rows)).paste(canvas)
    return Painting(
        box=Box.canvas(width, height), rgb=canvas, alpha=np.ones((height, width), np.bool_)
    )
