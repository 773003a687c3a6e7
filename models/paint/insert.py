"""Inserting: the old object erased, and a new one standing where it was."""

import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, ImgEditError, Reason
from models.geometry import Box
from models.paint.drawing import is_drawing
from models.paint.erase import Erased, erase
from models.paint.recolour import in_look
from models.paint.settle import settled
from models.painting import Painting, PaintRequest
from models.studio.catalogue import sprite

LARGEST = 1.12
"""The new object's sides are at most this many times the old one's."""
SHADOW_DARKNESS = 0.42
FAINTEST_SHADOW = 0.01


def paint_inserted(request: PaintRequest) -> Painting:
    """The target object, in its look, in the place of the masked one and on its ground line.

    Raises:
        FaultError: if the mask is empty or fills the image, the catalogue lacks the target, or the
            vocabulary its look.
    """
    erased = erase(request.image, request.mask, request.grow_px)
    height, width = request.mask.shape
    old = Box.around(request.mask)
    place, object_ = _fitted(request.target.key, old, width, height)
    drawn = is_drawing(request.image)
    if not drawn:
        object_ = settled(object_, request.image, request.seed)
    if request.target.look:
        object_ = in_look(object_, request.target.look, request.seed)
    window = erased.window.union(place.grown(place.height // 8, width=width, height=height))
    canvas = request.image[window.slices].copy()
    canvas[_within(erased.window, window).slices] = erased.rgb
    changed = np.zeros(canvas.shape[:2], np.bool_)
    changed[_within(erased.window, window).slices] = erased.hole
    shade = np.zeros(canvas.shape[:2], np.float32)
    if _stands(erased, drawn=drawn):
        shade = _ground_shadow(object_, _within(place, window), canvas.shape[:2])
    rgb = _composed(canvas, object_, _within(place, window), shade)
    changed |= shade > FAINTEST_SHADOW
    changed[_within(place, window).slices] |= object_[..., 3] > 0
    shown = np.zeros_like(changed)
    shown[_within(place, window).slices] = object_[..., 3] > 127
    box = Box.around(changed)
    return Painting(
        box=Box(box.x0 + window.x0, box.y0 + window.y0, box.x1 + window.x0, box.y1 + window.y0),
        rgb=rgb[box.slices],
        alpha=changed[box.slices],
        subject=shown[box.slices],
    )


def _within(box: Box, window: Box) -> Box:
    return Box(box.x0 - window.x0, box.y0 - window.y0, box.x1 - window.x0, box.y1 - window.y0)


def _fitted(name: str, old: Box, width: int, height: int) -> tuple[Box, NDArray[np.uint8]]:
    """Where the object goes, and its RGBA pixels: as much area as the old box, its own aspect."""
    try:
        probe = sprite(name, 64)
    except ImgEditError as error:
        raise FaultError(Reason.UNPAINTABLE, str(error)) from error
    aspect = probe.shape[1] / probe.shape[0]
    tall = np.sqrt(old.area_px / aspect)
    tall = min(tall, LARGEST * old.height, LARGEST * old.width / aspect, old.y1, width / aspect)
    object_ = sprite(name, max(8, int(tall)))
    rows, cols = object_.shape[:2]
    left = round((old.x0 + old.x1 - cols) / 2)
    left = min(max(left, 0), max(0, width - cols))
    top = max(0, old.y1 - rows)
    box = Box(left, top, left + cols, top + rows).clipped(width, height)
    return box, object_[: box.height, : box.width]


def _stands(erased: Erased, *, drawn: bool) -> bool:
    """Objects of drawings fly where they cast no shadow; those of photographs seldom do."""
    return bool(erased.shadow.any()) or not drawn


def _ground_shadow(
    object_: NDArray[np.uint8], place: Box, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Darkness of the shadow below the object, 0 to 1: an ellipse under its feet."""
    foot = object_[-max(2, object_.shape[0] // 12) :, :, 3] > 127
    cols = np.flatnonzero(foot.any(axis=0))
    left, right = (int(cols[0]), int(cols[-1])) if cols.size else (0, place.width)
    half_px = max(3.0, 0.56 * (right - left), 0.2 * place.width)
    flat_px = max(2.0, min(0.16 * half_px, 0.05 * place.height))
    rows = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(place.y1 - 0.5 * flat_px)
    across = np.arange(shape[1], dtype=np.float32) - np.float32(place.x0 + (left + right) / 2)
    away = (rows / np.float32(1.5 * flat_px)) ** 2 + (across / np.float32(1.15 * half_px)) ** 2
    shade: NDArray[np.float32] = SHADOW_DARKNESS * np.maximum(1 - away, 0) ** np.float32(1.3)
    return shade


def _composed(
    canvas: NDArray[np.uint8], object_: NDArray[np.uint8], place: Box, shade: NDArray[np.float32]
) -> NDArray[np.uint8]:
    ground = canvas * (1 - shade[..., None])
    opacity = object_[..., 3:].astype(np.float32) / 255
    under = ground[place.slices]
    ground[place.slices] = under + opacity * (object_[..., :3] - under)
    untouched = shade <= FAINTEST_SHADOW
    untouched[place.slices] &= object_[..., 3] == 0
    return np.where(untouched[..., None], canvas, (ground + 0.5).astype(np.uint8))
