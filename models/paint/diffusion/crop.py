"""Crop with context at the model's size, and the painted crop back at native pixels.

A model of 1024 px sees the mask with what is around it; only pixels of the mask come back.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import resized

REFERENCE_SHORT_SIDE_PX = 1024
"""Least growths are given for images of this short side, as an edit type's are."""


def grown_mask(request: PaintRequest, *, min_grow_px: int = 0) -> tuple[Bitmap, int]:
    """What a workflow paints, and how far it was grown, in pixels of the image.

    Args:
        request: The mask, and the growth its edit type allows.
        min_grow_px: The least that the workflow needs, for an image 1024 px on its short side.
    """
    scale = min(request.mask.shape) / REFERENCE_SHORT_SIDE_PX
    grow_px = max(request.grow_px, round(min_grow_px * scale))
    return grown(request.mask, grow_px), grow_px


def grown(mask: Bitmap, grow_px: int) -> Bitmap:
    """The mask with a round margin.

    By distance rather than dilation, whose time grows with the square of the margin: 64 px of a
    1024 px image are 250 px of a 4000 px one.
    """
    if grow_px <= 0 or not mask.any() or mask.all():
        return mask
    height, width = mask.shape
    reach = Box.around(mask).grown(grow_px, width=width, height=height).slices
    free = (~mask[reach]).astype(np.uint8)
    wide = np.zeros_like(mask)
    wide[reach] = depth(free) <= grow_px
    return wide


def depth(inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each pixel that is not 0 lies from the nearest 0, pixels; vast where there is none.

    OpenCV's answers differ in the last bits with its threads. Their squares are whole numbers,
    which gives the exact answer up to a thousand pixels, farther than a mask grows or is feathered.
    """
    near: NDArray[np.float32] = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(near, dtype=np.float64))).astype(np.float32)


CONTEXT = 1.2
"""Sides of the window against those of the grown mask's box (docs/paper.md, "Painting")."""
MOST_ENLARGED = 2
"""A small mask gets more context rather than an enlargement of more than this."""
CELL_PX = 16
"""Sides are multiples of this, and holes made of such cells: latents at 1/8, packed by two."""
WIDEST = 4.0
"""Width to height of the model's image, and the inverse; beyond it pixels are stretched."""
MOST_FEATHER_PX = 16
"""Width of the blended seam, for an image whose short side is 1024 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """What the model sees, and where its answer belongs."""

    rgb: Rgb
    """The window at the model's size, sides multiples of 16."""
    hole: Bitmap
    """What the model is to paint, at its size: the mask, rounded up to whole cells."""
    window: Box
    before: Rgb
    """The window's native pixels."""
    inside: Bitmap
    """The window's native pixels that may change."""
    feather_px: float
    """Width of the seam, in native pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the model's image: crops of one size go into one batch."""
        height, width = self.hole.shape
        return height, width


def crop_around(
    image: Rgb, mask: Bitmap, *, size_px: int, grown_px: int = 0, context: float = CONTEXT
) -> Crop:
    """The mask with its context, as square as the image allows.

    Args:
        image: Native pixels.
        mask: What may change, grown already.
        size_px: The model's side: its image gets about as many pixels as a square of it.
        grown_px: How far the mask was grown; half of that margin blends into the image.
        context: Sides of the window against those of the mask's box.

    Raises:
        FaultError: EMPTY_MASK.
    """
    if not mask.any():
        raise FaultError(Reason.EMPTY_MASK, "the mask to paint is empty")
    height, width = mask.shape
    box = Box.around(mask)
    side = max(ceil(context * max(box.width, box.height)), size_px // MOST_ENLARGED)
    (x0, x1), (y0, y1) = _span(box.x0, box.x1, side, width), _span(box.y0, box.y1, side, height)
    feather_px = min(grown_px / 2, MOST_FEATHER_PX * min(height, width) / 1024)
    return _cropped(image, mask, Box(x0, y0, x1, y1), size_px=size_px, feather_px=feather_px)


def whole(image: Rgb, mask: Bitmap, *, size_px: int) -> Crop:
    """The whole image at the model's size, its aspect ratio kept.

    Raises:
        FaultError: EMPTY_MASK.
    """
    if not mask.any():
        raise FaultError(Reason.EMPTY_MASK, "the mask to paint is empty")
    height, width = mask.shape
    return _cropped(image, mask, Box.canvas(width, height), size_px=size_px, feather_px=0)


def stitch(crop: Crop, painted: Rgb) -> Painting:
    """The painted crop as a patch: all of the mask, and nothing but the mask.

    Args:
        crop: What the model saw.
        painted: What it made of it, of any size.
    """
    native = resized(painted, crop.window.height, crop.window.width)
    tight = Box.around(crop.inside)
    alpha = crop.inside[tight.slices]
    before, after = crop.before[tight.slices], native[tight.slices].copy()
    weight = _seam_weight(crop.inside, crop.feather_px)[tight.slices]
    mixed = np.nonzero(weight < 1)
    share, old = weight[mixed][:, None], before[mixed].astype(np.float32)
    after[mixed] = np.rint(old + share * (after[mixed] - old)).astype(np.uint8)
    left, top = crop.window.x0, crop.window.y0
    place = Box(tight.x0 + left, tight.y0 + top, tight.x1 + left, tight.y1 + top)
    return Painting(box=place, rgb=after, alpha=alpha)


def model_size(height: int, width: int, size_px: int) -> tuple[int, int]:
    """Height and width of the model's image for a window.

    About `size_px` squared pixels at the window's aspect ratio. Sides are multiples of a sixteenth
    of the side (64 px at 1024, as SDXL's buckets), so that like windows share a batch.
    """
    aspect = min(max(width / height, 1 / WIDEST), WIDEST)
    unit = max(CELL_PX, size_px // 16 // CELL_PX * CELL_PX)
    sides = (size_px / sqrt(aspect), size_px * sqrt(aspect))
    rows, cols = (max(unit, round(side / unit) * unit) for side in sides)
    return rows, cols


def _span(start: int, stop: int, side: int, limit: int) -> tuple[int, int]:
    """A span of `side` around another, pushed inside 0 to `limit`; all of it if it is longer."""
    side = min(max(side, stop - start), limit)
    first = min(max((start + stop - side) // 2, 0), limit - side)
    return first, first + side


def _cropped(image: Rgb, mask: Bitmap, window: Box, *, size_px: int, feather_px: float) -> Crop:
    before, inside = image[window.slices], mask[window.slices]
    height, width = model_size(window.height, window.width, size_px)
    return Crop(
        rgb=resized(before, height, width),
        hole=_hole(inside, height, width),
        window=window,
        before=before,
        inside=inside,
        feather_px=feather_px,
    )


def _hole(inside: Bitmap, height: int, width: int) -> Bitmap:
    """The mask at another size, of whole cells, so that no masked pixel is lost on the way."""
    rows, cols = ceil(inside.shape[0] / height), ceil(inside.shape[1] / width)
    spread = np.ones((2 * rows - 1, 2 * cols - 1), np.uint8)
    wide = cv2.dilate(inside.astype(np.uint8), spread)
    sized = cv2.resize(wide, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    cells = sized.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX).any(axis=(1, 3))
    return np.asarray(cells.repeat(CELL_PX, axis=0).repeat(CELL_PX, axis=1), np.bool_)


def _seam_weight(inside: Bitmap, feather_px: float) -> NDArray[np.float32]:
    """The painting's share of each pixel: 1 inside, less along the mask's edge."""
    deep = depth(inside.astype(np.uint8))
    # A seam must leave a thin mask its middle; the image's own border is no seam.
    width_px = max(min(feather_px, float(deep.max()) / 3), 1.0)
    return np.asarray(np.clip(deep / width_px, 0, 1) * inside, np.float32)
