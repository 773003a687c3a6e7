"""Erasing: the mask filled as if nothing had been there."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawing import filled, is_drawing, outlined
from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.collage import fill
from models.paint.membrane import Field, harmonic
from models.painting import Painting, PaintRequest
from models.recent import Recent

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


CONTEXT_FRAC = 0.35
"""Context on each side of the hole, as a share of its width plus height."""
LEAST_KNOWN_FRAC = 0.04
"""With less of the image left over there is nothing to fill a hole from."""
LEAST_FREE_FRAC = 0.25
RIM_PX = 1
"""Masks end up to two pixels inside their object: a hole always reaches past the edge."""

OWN_PX = 4
"""What touches the mask this closely is the object's own outline."""
BLEND_PX = 2
"""Edges of a drawing are blended over this."""
NEAR_PX = 8
"""How far beyond a hole another object is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A window of the image with its hole filled."""

    window: Box
    rgb: Rgb
    hole: Bitmap
    """The window's pixels that were filled."""
    shadow: Bitmap
    """The window's pixels in which the object's contact shadow lay."""


def paint_erased(request: PaintRequest) -> Painting:
    """The request's mask filled, together with the contact shadow below it.

    Raises:
        FaultError: if the mask is empty or leaves nothing to fill it from.
    """
    erased = erase(request.image, request.mask, request.grow_px)
    box = Box.around(erased.hole)
    place = Box(
        box.x0 + erased.window.x0,
        box.y0 + erased.window.y0,
        box.x1 + erased.window.x0,
        box.y1 + erased.window.y0,
    )
    return Painting(box=place, rgb=erased.rgb[box.slices], alpha=erased.hole[box.slices])


def erase(image: Rgb, mask: Bitmap, grow_px: int) -> Erased:
    """Fill `mask`, grown by `grow_px`, and its contact shadow, from what is around it."""
    said = f"{image.shape} {grow_px}".encode()
    key = (said, _digest(image), _digest(mask))
    return _FILLED.of(key, lambda: _Filled.of(_erased(image, mask, grow_px))).on(image)


def _digest(array: NDArray[np.generic]) -> bytes:
    return sha256(np.ascontiguousarray(array).data).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What was erased without the pixels that are the image's."""

    window: Box
    hole: bytes
    """A bit for each pixel of the window, like `shadow`."""
    shadow: bytes
    colours: Rgb
    """Of the hole's pixels, n x 3."""

    @classmethod
    def of(cls, erased: Erased) -> Self:
        hole, shadow = (np.packbits(bits).tobytes() for bits in (erased.hole, erased.shadow))
        colours = erased.rgb[erased.hole]
        return cls(window=erased.window, hole=hole, shadow=shadow, colours=colours)

    def on(self, image: Rgb) -> Erased:
        rgb = image[self.window.slices].copy()
        hole, shadow = (self._bits(packed) for packed in (self.hole, self.shadow))
        rgb[hole] = self.colours
        return Erased(window=self.window, rgb=rgb, hole=hole, shadow=shadow)

    def _bits(self, packed: bytes) -> Bitmap:
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=self.window.area_px)
        return bits.view(np.bool_).reshape(self.window.height, self.window.width)

    @property
    def n_bytes(self) -> int:
        return len(self.hole) + len(self.shadow) + self.colours.nbytes


_FILLED = Recent[_Filled](max_bytes=48_000_000, n_bytes=lambda filled: filled.n_bytes)
"""Some hundred holes: adding, removing, replacing and visual edits erase the same objects."""


def _erased(image: Rgb, mask: Bitmap, grow_px: int) -> Erased:
    if not mask.any():
        raise FaultError(Reason.EMPTY_MASK, "the mask to erase is empty")
    shadow = contact_shadow(image, mask)
    hole = _without_neighbours(image, mask, grown(mask, grow_px + RIM_PX) | grown(shadow, RIM_PX))
    if 1 - hole.mean() < LEAST_KNOWN_FRAC:
        detail = f"{1 - hole.mean():.3f} of the image is left to fill the mask from"
        raise FaultError(Reason.UNPAINTABLE, detail)
    box = Box.around(hole)
    margin_px = round(CONTEXT_FRAC * (box.width + box.height)) + 16
    window = box.grown(margin_px, width=mask.shape[1], height=mask.shape[0])
    view, inside = image[window.slices], hole[window.slices]
    filled = fill(view.astype(np.float32), inside, _scenery(view, inside))
    rgb = np.where(inside[..., None], (filled + 0.5).astype(np.uint8), view)
    return Erased(window=window, rgb=rgb, hole=inside, shadow=shadow[window.slices])


def _without_neighbours(image: Rgb, mask: Bitmap, hole: Bitmap) -> Bitmap:
    """The hole without what it has of a drawing's other objects.

    They are flat or ink, and go on beyond it; what ends within it is the object's own.
    """
    height, width = mask.shape
    at = Box.around(hole).grown(NEAR_PX, width=width, height=height).slices
    view, inside = image[at], hole[at]
    if not is_drawing(image):
        return hole
    things = filled(view) & ~grown(mask[at], OWN_PX)
    _, parts = cv2.connectedComponents(things.view(np.uint8))
    beyond = np.setdiff1d(np.unique(parts[~inside]), [0])
    spared = hole.copy()
    spared[at] &= ~grown(np.isin(parts, beyond), BLEND_PX)
    return spared | grown(mask, RIM_PX)


def _scenery(view: Rgb, hole: Bitmap) -> Bitmap:
    """What may be copied: not the hole, and of a drawing not its other objects either."""
    scenery = ~hole
    if is_drawing(view):
        blank = np.where(hole[..., None], np.uint8(0), view)
        free = scenery & ~outlined(blank) & ~grown(filled(blank), BLEND_PX)
        if free.sum() > LEAST_FREE_FRAC * scenery.sum():
            return free
    return scenery


def grown(mask: Bitmap, grow_px: int) -> Bitmap:
    """The mask with a round margin."""
    if grow_px <= 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow_px + 1,) * 2)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc), np.bool_)
