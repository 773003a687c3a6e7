"""Recolouring: another colour or material on the same shape, its light and lines kept."""

import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.materials import MATERIALS
from models.paint.matte import find_rim
from models.paint.shading import Shading, read_shading, tinted
from models.painting import Painting, PaintRequest
from models.vocabulary import APPEARANCES, Appearance

MARGIN_PX = 4
RIM_INSIDE_PX, RIM_OUTSIDE_PX = 2.5, 2.0
SOLID_ALPHA = 128
"""Least opacity (0 to 255) of a sprite's pixel that its shading is read from."""


def paint_recoloured(request: PaintRequest) -> Painting:
    """The masked object in the target's colour or material.

    Raises:
        FaultError: if the mask is empty or the target is not in the vocabulary of appearances.
    """
    appearance = _appearance(request.target.key)
    if not request.mask.any():
        raise FaultError(Reason.EMPTY_MASK, "the mask to recolour is empty")
    height, width = request.mask.shape
    box = Box.around(request.mask).grown(MARGIN_PX, width=width, height=height)
    view, mask = request.image[box.slices], request.mask[box.slices]
    own, opacity = _unmixed(view, mask)
    shading = read_shading(own, mask)
    new = _dressed(shading, mask, appearance, request.seed)
    # A pixel of the rim is `opacity` parts object: only that part changes.
    changed = view + opacity[..., None] * (new - own)
    rgb = (changed + 0.5).clip(0, 255).astype(np.uint8)
    alpha = (opacity > 0) & (rgb != view).any(axis=2)
    return Painting(box=box, rgb=rgb, alpha=alpha)


def in_look(sprite: NDArray[np.uint8], look: str, seed: int) -> NDArray[np.uint8]:
    """The RGBA sprite in a colour or material, as opaque as it was.

    Raises:
        FaultError: if the look is not in the vocabulary of appearances.
    """
    own, mask = sprite[..., :3].astype(np.float32), sprite[..., 3] >= SOLID_ALPHA
    new = _dressed(read_shading(own, mask), mask, _appearance(look), seed)
    return np.dstack([(new + 0.5).clip(0, 255).astype(np.uint8), sprite[..., 3]])


def _appearance(key: str) -> Appearance:
    if key not in APPEARANCES:
        raise FaultError(Reason.UNPAINTABLE, f"no appearance is called {key!r}")
    return APPEARANCES[key]


def _unmixed(view: Rgb, mask: Bitmap) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The object's own colours, and its share of each pixel."""
    own, opacity = view.astype(np.float32), mask.astype(np.float32)
    rim = find_rim(view, mask, inner_px=RIM_INSIDE_PX, outer_px=RIM_OUTSIDE_PX)
    partly = rim.opacity < 0.98
    rows, cols = rim.rows[partly], rim.cols[partly]
    own[rows, cols] = rim.colour[partly]
    opacity[rim.rows, rim.cols] = rim.opacity
    return own, opacity


def _dressed(
    shading: Shading, mask: Bitmap, appearance: Appearance, seed: int
) -> NDArray[np.float32]:
    """The object's window in the new appearance, 0 to 255."""
    if appearance.kind == "colour":
        return tinted(shading, appearance.rgb)
    return MATERIALS[appearance.key](shading, mask, np.random.default_rng(seed))
