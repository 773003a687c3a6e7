"""The embedded painter: classical image processing on full-resolution pixels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.faults import Fault, FaultError, Reason
from models.geometry import Box
from models.paint.backdrop import paint_backdrop
from models.paint.cutout import cut_out
from models.paint.erase import paint_erased
from models.paint.insert import paint_inserted
from models.paint.recolour import paint_recoloured
from models.paint.stylise import paint_style
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind

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


PAINTERS: Mapping[PaintKind, Callable[[PaintRequest], Painting]] = {
    PaintKind.ERASE: paint_erased,
    PaintKind.INSERT: paint_inserted,
    PaintKind.RECOLOUR: paint_recoloured,
    PaintKind.BACKDROP: paint_backdrop,
    PaintKind.STYLISE: paint_style,
    PaintKind.ISOLATE: paint_isolated,
}


class ClassicalPainter:
    """Paints every kind but the later frame of a clip, which is not painted."""

    name = "classical"
    version = "2"

    def setup(self) -> None:
        """Nothing to load."""

    def params(self) -> Mapping[str, object]:
        """There are none."""
        return {}

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""
        return [_painted(request) for request in requests]


def _painted(request: PaintRequest) -> Painting | Fault:
    painter = PAINTERS.get(request.kind) if request.kind else None
    if painter is None:
        detail = f"the classical painter has no {str(request.kind)!r}"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    try:
        return painter(request)
    except FaultError as error:
        return error.fault
