"""The embedded painter: classical image processing on full-resolution pixels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from models.faults import Fault, FaultError, Reason
from models.geometry import Box, Rgb
from models.paint.backdrop import paint_backdrop
from models.paint.cutout import cut_out
from models.paint.erase import paint_erased
from models.paint.filters import painted_size, resized
from models.paint.insert import paint_inserted
from models.paint.recolour import paint_recoloured
from models.paint.styles.brush import oil, watercolour
from models.paint.styles.grade import golden_hour, night, noir, sepia
from models.paint.styles.line import cartoon, ink, pencil
from models.paint.styles.tile import mosaic, pixel, popart
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind

STYLES: Mapping[str, Callable[[Rgb, np.random.Generator], Rgb]] = {
    "watercolour": watercolour,
    "oil": oil,
    "pencil": pencil,
    "ink": ink,
    "cartoon": cartoon,
    "popart": popart,
    "mosaic": mosaic,
    "pixel": pixel,
    "sepia": sepia,
    "night": night,
    "golden_hour": golden_hour,
    "noir": noir,
}
"""A renderer for each key of `models.vocabulary.STYLES`."""


_LEAST_PX = 64


def paint_style(request: PaintRequest) -> Painting:
    """The image in the request's style wherever its mask is True.

    Raises:
        FaultError: the target is no style.
    """
    render = STYLES.get(request.target.key)
    if render is None:
        raise FaultError(Reason.UNPAINTABLE, f"no style named {request.target.key!r}")
    height, width = request.mask.shape
    # Marks need room: an image smaller than a few of them is continued by its own edge.
    lacking = [(0, max(0, _LEAST_PX - side)) for side in (height, width)]
    roomy = request.image
    if min(height, width) < _LEAST_PX:
        roomy = np.pad(request.image, [*lacking, (0, 0)], mode="edge")
    rgb = _rendered(render, roomy, request.seed)[:height, :width]
    return Painting(box=Box.canvas(width, height), rgb=rgb, alpha=request.mask)


def _rendered(render: Callable[[Rgb, np.random.Generator], Rgb], image: Rgb, seed: int) -> Rgb:
    size = image.shape[1::-1]
    canvas = painted_size(*size)
    if canvas == size:
        return render(image, np.random.default_rng(seed))
    small = resized(image, canvas, cv2.INTER_AREA)
    return resized(render(small, np.random.default_rng(seed)), size, cv2.INTER_CUBIC)


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
    version = "3"
    without_chance = frozenset(
        {PaintKind.ERASE, PaintKind.INSERT, PaintKind.RECOLOUR, PaintKind.ISOLATE}
    )
    """What it paints alike with any seed, but for grain."""

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
