"""A whole image in another style or tone, its layout kept."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from models.faults import FaultError, Reason
from models.geometry import Box, Rgb
from models.paint.filters import painted_size, resized
from models.paint.styles.brush import oil, watercolour
from models.paint.styles.grade import golden_hour, night, noir, sepia
from models.paint.styles.line import cartoon, ink, pencil
from models.paint.styles.tile import mosaic, pixel, popart
from models.painting import Painting, PaintRequest

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
