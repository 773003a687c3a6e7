"""Recolouring: another colour or material on the same shape, its light and lines kept."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.matte import find_rim
from models.paint.noise import Field, fractal, smoothstep
from models.paint.shading import Shading, lab_of, read_shading, relit, tinted
from models.painting import Painting, PaintRequest
from models.vocabulary import APPEARANCES, Appearance

Colours = NDArray[np.float32]
"""Height x width x 3, 0 to 255."""


def wood(shading: Shading, mask: Bitmap, rng: np.random.Generator) -> Colours:
    """Planks' grain along the object's longer side: rings, pores, and an occasional knot."""
    size, shape = _size_px(mask), mask.shape
    upright = Box.around(mask).height > 1.3 * Box.around(mask).width
    height, width = shape[::-1] if upright else shape
    rows = np.arange(height, dtype=np.float32)[:, None] / size
    bend = fractal(rng, height, width, cell_px=size / 5, stretch=4.0, finest_px=size / 40)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (9 * rows + 0.55 * bend))
    fibre = fractal(rng, height, width, cell_px=max(3.0, size / 70), stretch=24.0, finest_px=1.0)
    tone = (0.62 * rings**1.6 + 0.16 * fibre + 0.10 * bend + 0.1).astype(np.float32)
    tone = tone.T if upright else tone
    return _lit(_ramp(tone, ((96, 56, 28), (158, 104, 58), (204, 152, 98))), shading, "wood")


def marble(shading: Shading, mask: Bitmap, rng: np.random.Generator) -> Colours:
    """White stone with soft clouds and branching grey veins."""
    size, (height, width) = _size_px(mask), mask.shape
    rows, cols = np.mgrid[:height, :width].astype(np.float32) / np.float32(size)
    warp = fractal(rng, height, width, cell_px=size / 2.5, finest_px=size / 60)
    cloud = fractal(rng, height, width, cell_px=size / 3, finest_px=size / 30)
    thick = np.abs(np.sin(np.pi * (1.6 * cols + 2.3 * rows + 0.55 * warp)))
    fork = np.abs(fractal(rng, height, width, cell_px=size / 3, finest_px=size / 50))
    vein = np.maximum(1 - smoothstep(0.0, 0.16, thick), 0.6 * (1 - smoothstep(0.0, 0.09, fork)))
    tone = (0.93 + 0.04 * cloud - 0.62 * vein * (0.55 + 0.25 * warp).clip(0.15, 1)).clip(0, 1)
    return _lit(_ramp(tone, ((104, 106, 114), (190, 190, 192), (240, 238, 234))), shading, "marble")


def gold(shading: Shading, mask: Bitmap, rng: np.random.Generator) -> Colours:
    """Polished metal: the shape's slopes mirror a bright sky and a dark ground."""
    size, (height, width) = _size_px(mask), mask.shape
    dents = fractal(rng, height, width, cell_px=size / 6, finest_px=size / 20)
    light = relit(shading, lab_of(APPEARANCES["gold"].rgb)[0])
    slope = _bulge(mask)
    mirrored = np.sin(np.float32(2.6) * slope + np.float32(0.35) * dents + light / np.float32(30))
    tone = (light / np.float32(100) + np.float32(0.13) * mirrored - np.float32(0.02)).clip(0, 1)
    # Lines and holes of the object stay dark whatever the metal mirrors.
    tone = np.minimum(tone, smoothstep(0, 40, light) * np.float32(1.05))
    stops = ((12, 6, 0), (112, 70, 12), (206, 154, 40), (250, 214, 104), (255, 250, 216))
    return _ramp(tone, stops)


def stone(shading: Shading, mask: Bitmap, rng: np.random.Generator) -> Colours:
    """Rough grey rock: speckles of several sizes, pits that catch the shadow, a few cracks."""
    size, (height, width) = _size_px(mask), mask.shape
    rough = fractal(rng, height, width, cell_px=size / 8, gain=0.72, finest_px=1.5)
    blotch = fractal(rng, height, width, cell_px=size / 3, finest_px=size / 24)
    pits = fractal(rng, height, width, cell_px=max(4.0, size / 28), finest_px=2.0)
    crack = 1 - smoothstep(0.0, 0.05, np.abs(fractal(rng, height, width, cell_px=size / 2.2)))
    bumps = 0.6 * rough + 0.5 * pits
    lit = bumps - np.roll(bumps, (2, 2), axis=(0, 1))
    tone = 0.60 + 0.10 * rough + 0.06 * blotch + 0.16 * lit - 0.22 * smoothstep(1.1, 2.0, pits)
    tone = (tone - 0.25 * crack).astype(np.float32).clip(0, 1)
    return _lit(_ramp(tone, ((62, 60, 58), (140, 135, 128), (206, 202, 194))), shading, "stone")


MATERIALS: Mapping[str, Callable[[Shading, Bitmap, np.random.Generator], Colours]] = {
    "wood": wood,
    "marble": marble,
    "gold": gold,
    "stone": stone,
}


def _size_px(mask: Bitmap) -> float:
    """The object's size, which sets that of the texture's features."""
    box = Box.around(mask)
    return float(max(np.sqrt(box.area_px), 24.0))


def _ramp(tone: Field, stops: tuple[tuple[int, int, int], ...]) -> Colours:
    """Colours for tones from 0 to 1, evenly spaced stops."""
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(tone, places, [stop[c] for stop in stops]) for c in range(3)]
    return np.dstack(channels).astype(np.float32)


def _lit(texture: Colours, shading: Shading, key: str) -> Colours:
    """The texture under the object's light: darker in its shade, bleached in its highlights."""
    goal = lab_of(APPEARANCES[key].rgb)[0]
    # A material is what it is: the old lightness leaves only its contrast.
    light = relit(shading, goal) / np.float32(goal)
    shade = np.minimum(light, 1)[..., None] ** np.float32(1.35)
    gleam = ((light - np.float32(1.08)) * np.float32(1.1)).clip(0, 0.55)[..., None]
    return np.asarray(texture * shade + (250 - texture * shade) * gleam, np.float32)


def _bulge(mask: Bitmap) -> Field:
    """How far a pillow of the object's outline faces up, -1 to 1."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    pillow = np.sqrt(depth / max(float(depth.max()), 1.0)).astype(np.float32)
    pillow = cv2.GaussianBlur(pillow, (0, 0), max(1.0, _size_px(mask) / 30))
    slope = cv2.Sobel(pillow, -1, 0, 1, ksize=3) + np.float32(0.5) * cv2.Sobel(pillow, -1, 1, 0)
    return np.asarray((slope / max(float(np.abs(slope).max()), 1e-6)).clip(-1, 1), np.float32)


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
