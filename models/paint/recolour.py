"""Recolouring: another colour or material on the same shape, its light and lines kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.matte import find_rim
from models.paint.noise import Field, fractal, smoothstep
from models.painting import Painting, PaintRequest
from models.vocabulary import APPEARANCES, Appearance

KEPT_LIGHTNESS = 0.22
"""Share of the old lightness that stays: a white car painted red is lighter than a black one."""
LEAST_BLACK_FRAC = 0.03
"""Least share of the object that a part painted black takes up."""
YELLOW_LEAN = 90.0
"""Four times the a* that a full yellow gains half way to black."""
DARK = 20.0
"""L* below which a pixel is black: a line, a hole, or black paint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shading:
    """The object's lightness (L*, 0 to 100) with its landmarks."""

    lightness: Field
    middle: float
    """Median lightness, lines left out."""
    bright: float
    """Lightness of its lit side; what lies above is a highlight."""
    painted_black: Field
    """0 to 1: black areas too broad to be lines."""
    relief: Field
    """0 to 1: borders between its parts, where they differ in colour alone."""


def read_shading(own: NDArray[np.float32], mask: Bitmap) -> Shading:
    """Read the light off an object.

    Args:
        own: height x width x 3, 0 to 255, the object's own colours.
        mask: height x width, where the object is.
    """
    lab = np.asarray(cv2.cvtColor(own / np.float32(255), cv2.COLOR_RGB2Lab), np.float32)
    lightness: Field = lab[..., 0]
    painted = mask & (lightness > DARK)
    values = lightness[painted] if painted.sum() > 0.15 * mask.sum() else lightness[mask]
    middle, bright = np.percentile(values, (50, 92))
    return Shading(
        lightness=lightness,
        middle=float(middle),
        bright=float(max(bright, middle + 2)),
        painted_black=_painted_black(lightness, mask),
        relief=_relief(lab),
    )


def _painted_black(lightness: Field, mask: Bitmap) -> Field:
    black = ((lightness < DARK) & mask).astype(np.uint8)
    # Outlines of drawings are up to a fourteenth of the object thick.
    thick_px = max(5, round(0.075 * np.sqrt(mask.sum()))) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick_px, thick_px))
    broad = cv2.morphologyEx(black, cv2.MORPH_OPEN, disc)
    # Where lines meet they are broad as well, but small.
    _, parts, stats, _ = cv2.connectedComponentsWithStats(broad)
    large = stats[:, cv2.CC_STAT_AREA] > LEAST_BLACK_FRAC * mask.sum()
    large[0] = False
    soft = cv2.GaussianBlur(large[parts].astype(np.float32), (0, 0), max(0.8, thick_px / 8))
    return np.asarray(soft, np.float32)


def _relief(lab: NDArray[np.float32]) -> Field:
    colour = cv2.GaussianBlur(lab[..., 1:], (0, 0), 1.0)
    steps = [cv2.Sobel(colour, -1, dx, dy, ksize=3, scale=0.25) for dx, dy in ((1, 0), (0, 1))]
    return smoothstep(3.0, 18.0, np.sqrt(sum((step**2).sum(axis=2) for step in steps)))


def relit(shading: Shading, lightness: float) -> Field:
    """The object's lightness as it would be if its middle were near `lightness` (L*)."""
    old = shading.lightness
    goal = (1 - KEPT_LIGHTNESS) * lightness + KEPT_LIGHTNESS * shading.middle
    # Slopes are bounded, or the grain of a black object would turn into speckles.
    falling = min(goal / max(shading.middle, 1.0), 1.8)
    rising = min(1.1, min(22.0, 0.6 * (100 - goal)) / (shading.bright - shading.middle))
    lit = goal + rising * (shading.bright - shading.middle)
    below = goal - falling * (shading.middle - old)
    above = goal + rising * (old - shading.middle)
    gleam = lit + (100 - lit) * ((old - shading.bright) / max(100 - shading.bright, 4.0)).clip(0, 1)
    new = np.where(old < shading.middle, below, np.where(old < shading.bright, above, gleam))
    lifted = np.maximum(new, 0.5 * goal + 0.8 * old)
    new = new + shading.painted_black * (lifted - new)
    relieved = new * (1 - np.float32(0.3) * shading.relief)
    return np.asarray(relieved.clip(0, 100), np.float32)


def lab_of(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """CIE L*a*b* of one sRGB colour."""
    pixel = np.array([[rgb]], np.float32) / np.float32(255)
    lightness, a, b = cv2.cvtColor(pixel, cv2.COLOR_RGB2Lab)[0, 0]
    return float(lightness), float(a), float(b)


def tinted(shading: Shading, rgb: tuple[int, int, int]) -> NDArray[np.float32]:
    """The object in one colour; height x width x 3, 0 to 255."""
    lightness, a, b = lab_of(rgb)
    new = relit(shading, lightness)
    shadowed = np.minimum(new / np.float32(max(lightness, 1.0)), 1) ** np.float32(0.8)
    glowing = ((100 - new) / np.float32(max(100 - lightness, 1.0))).clip(0, 1) ** np.float32(0.6)
    chroma = np.where(new < lightness, shadowed, glowing)
    # Yellow in the shade is ochre, not olive: its hue leans to red as the light goes.
    yellowness = max(b, 0) / 90 * max(0.0, 1 - abs(a) / 40)
    lean = np.float32(YELLOW_LEAN * yellowness) * shadowed * (1 - shadowed)
    lab = np.dstack([new, chroma * np.float32(a) + lean, chroma * np.float32(b)])
    lab = lab.astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * np.float32(255), np.float32)


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
