"""Wild country: snowy mountains, and a pine forest in mist."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.paint.layers import (
    Colour,
    Planes,
    View,
    below,
    blank,
    dim,
    halo,
    lay,
    polygons,
    ramp,
    shine,
)
from models.paint.noise import Field, fractal, profile, recede, smoothstep


def snowy_mountains(view: View) -> Planes:
    """Snow and rock in side light, a line of pines, and a bright snow field."""
    height, width, unit = view.height, view.width, view.unit_px
    canvas = blank(height, width, (226, 236, 246))
    canvas[:, : view.horizon_px] = ramp(
        view.horizon_px, width, ((0, (38, 98, 176)), (0.6, (112, 168, 222)), (1, (206, 226, 242)))
    )
    light = 1.0 if view.rng.random() < 0.5 else -1.0
    ranges = ((0.62, 0.5, 240.0), (0.42, 0.22, 150.0))
    for tall, haze, cell in ranges:
        _range(
            view,
            canvas,
            tall_px=tall * view.horizon_px,
            haze=haze,
            cell_px=cell * unit,
            light=light,
        )
    _pine_row(view, canvas)
    _snow_field(view, canvas, light=light)
    return canvas


def _range(
    view: View, canvas: Planes, *, tall_px: float, haze: float, cell_px: float, light: float
) -> None:
    rng, width = view.rng, view.width
    line = np.abs(profile(rng, width, cell_px=1.6 * cell_px, gain=0.5))
    crest = view.horizon_px - tall_px * np.clip(1.0 - 0.42 * line, 0.15, 1)
    crest = crest.astype(np.float32)
    top = max(0, int(crest.min()) - 2)
    rows = min(view.height, view.horizon_px + int(20 * view.unit_px) + 2) - top
    ridges = _ridges(view, rows, width, cell_px=cell_px)
    side = cv2.Sobel(ridges, cv2.CV_32F, 1, 0, ksize=3) * np.float32(light * 0.055 * cell_px)
    lit = smoothstep(-0.9, 0.9, side)
    down = (np.arange(rows, dtype=np.float32)[:, None] - (crest - top)[None]) / max(tall_px, 1)
    rock = smoothstep(0.1, 0.55, 0.8 * down - 0.35 * ridges + 0.28 * np.abs(side) - 0.12)
    snow = np.stack([d + (b - d) * lit for d, b in ((122, 250), (150, 250), (196, 252))])
    stone = np.stack([d + (b - d) * lit for d, b in ((58, 124), (68, 120), (92, 124))])
    lay(snow, stone, rock)
    lay(snow, (190.0, 214.0, 236.0), np.clip(haze + 0.35 * smoothstep(0.4, 1.0, down), 0, 0.9))
    lay(canvas, snow, below(crest - top, rows), top=top)


def _ridges(view: View, rows: int, width: int, *, cell_px: float) -> Field:
    """Sharp crests: octaves of folded noise; half resolution, then a last fine octave."""
    half = fractal(
        view.rng, max(2, rows // 2), max(2, width // 2), cell_px=cell_px / 2, stretch=0.7, gain=0.6
    )
    folded = 1 - np.abs(half)
    broad = cv2.resize(folded, (width, rows), interpolation=cv2.INTER_LINEAR)
    fine = fractal(view.rng, rows, width, cell_px=cell_px / 8, stretch=0.7, gain=0.6)
    ridges: Field = broad - np.float32(0.16) * np.abs(fine)
    return ridges


def pine(rng: np.random.Generator, *, x: float, base: float, tall: float) -> NDArray[np.float64]:
    """The outline of a pine: tiers of drooping boughs, ragged on both sides."""
    tiers = 13
    level = np.linspace(0.04, 1, tiers)
    sides = []
    for side in (-1, 1):
        reach = 0.235 * tall * level**0.9 * rng.uniform(0.72, 1.12, tiers)
        tip = np.stack([x + side * reach, base - tall * (1 - level) * 0.97 + 0.02 * tall], axis=1)
        notch = np.stack([x + side * reach * 0.42, tip[:, 1] - 0.012 * tall], axis=1)
        sides.append(np.stack([tip, notch], axis=1).reshape(-1, 2))
    trunk = np.array([[0.018, -0.04], [0.018, 0.03], [-0.018, 0.03], [-0.018, -0.04]]) * tall
    crown = np.array([[x, base - tall]])
    return np.concatenate([crown, sides[1], trunk + (x, base), sides[0][::-1]])


def _pine_row(view: View, canvas: Planes) -> None:
    rng, unit = view.rng, view.unit_px
    shapes = []
    cluster = profile(rng, view.width, cell_px=360 * unit)
    for x in np.arange(-20 * unit, view.width + 20 * unit, max(11 * unit, 2)):
        at = x + rng.normal(0, 5 * unit)
        dense = cluster[int(np.clip(at, 0, view.width - 1))]
        if dense > -0.5:
            tall = (24 + 17 * dense + rng.uniform(0, 22)) * unit
            base = view.horizon_px + rng.uniform(10, 22) * unit
            shapes.append(pine(rng, x=at, base=base, tall=tall))
    lay(canvas, (44.0, 66.0, 84.0), polygons(view.height, view.width, shapes) * 0.93)


def _snow_field(view: View, canvas: Planes, *, light: float) -> None:
    rng, unit, width = view.rng, view.unit_px, view.width
    crest = view.horizon_px + (12 + 7 * profile(rng, width, cell_px=500 * unit, gain=0.3)) * unit
    top = max(0, int(crest.min()) - 1)
    rows = view.height - top
    drifts = recede(
        fractal(rng, 700, 700, cell_px=180, stretch=2.0, gain=0.4, finest_px=6), rows, width, tilt=2
    )
    drifts = cv2.GaussianBlur(drifts, (0, 0), 1.5)
    slope = cv2.Sobel(drifts, cv2.CV_32F, 1, 1, ksize=3) * np.float32(light * 9)
    shade = np.clip(0.72 + 0.12 * drifts + 0.3 * np.clip(slope, -1, 1), 0, 1)
    snow = np.stack([d + (b - d) * shade for d, b in ((172, 252), (196, 252), (232, 255))])
    sparkle = fractal(rng, 256, 256, cell_px=2)
    bright = np.tile((sparkle > 3.0).astype(np.float32), (rows // 256 + 1, width // 256 + 1))
    shine(snow, (40, 40, 36), bright[:rows, :width])
    lay(canvas, snow, below((crest - top).astype(np.float32), rows), top=top)


_MISTS: tuple[tuple[Colour, Colour], ...] = (
    ((214, 222, 214), (30, 52, 42)),
    ((226, 218, 196), (42, 52, 36)),
    ((198, 214, 222), (26, 46, 52)),
)
"""The colour of the mist, and of the nearest trees."""


def forest(view: View) -> Planes:
    """Rows of pines that fade into mist, a few shafts of light, a mossy floor."""
    rng, height, width, unit = view.rng, view.height, view.width, view.unit_px
    mist, dark = _MISTS[rng.integers(len(_MISTS))]
    canvas = ramp(height, width, ((0, (mist[0] * 0.93, mist[1] * 0.95, mist[2])), (1, mist)))
    sun = (float(rng.uniform(0.2, 0.8)) * width, 0.18 * height)
    shine(canvas, (40, 34, 20), halo(height, width, x=sun[0], y=sun[1], radius_px=260 * unit))
    for near in (0.1, 0.3, 0.52, 0.78):
        _pines(view, canvas, near=near, mist=mist, dark=dark)
        fog = smoothstep(0, 1, np.linspace(0, 1, view.horizon_px, dtype=np.float32))[:, None]
        lay(canvas, mist, 0.42 * fog * np.ones((1, width), np.float32))
    _forest_floor(view, canvas, mist=mist)
    _pines(view, canvas, near=1.0, mist=mist, dark=dark)
    return canvas


def _pines(view: View, canvas: Planes, *, near: float, mist: Colour, dark: Colour) -> None:
    """One row of trees; the nearest stand only at the sides, as a frame."""
    rng, unit = view.rng, view.unit_px
    count = 4 if near == 1.0 else int(26 - 16 * near)
    shapes = []
    for _ in range(count):
        at = rng.uniform(-0.06, 0.12) if near == 1.0 else rng.uniform(-0.05, 1.05)
        at = 1 - at if near == 1.0 and rng.random() < 0.5 else at
        tall = view.horizon_px * (0.42 + 0.7 * near) * rng.uniform(0.75, 1.25)
        base = view.horizon_px + (-20 + 60 * near) * unit + rng.uniform(0, 20) * unit
        shapes.append(pine(rng, x=at * view.width, base=base, tall=tall))
    mask = polygons(view.height, view.width, shapes)
    if near < 0.6:
        mask = cv2.GaussianBlur(mask, (0, 0), (1.2 - near) * 1.6 * unit + 0.4)
    clear = near**0.8
    tone = tuple(m + (d - m) * clear for m, d in zip(mist, dark, strict=True))
    lay(canvas, (tone[0], tone[1], tone[2]), mask * np.float32(0.96))


def _forest_floor(view: View, canvas: Planes, *, mist: Colour) -> None:
    rng, unit, width = view.rng, view.unit_px, view.width
    crest = view.horizon_px + 8 * unit * profile(rng, width, cell_px=160 * unit, gain=0.6)
    top = max(0, int(crest.min()) - 1)
    rows = view.height - top
    litter = recede(fractal(rng, 900, 900, cell_px=90, gain=0.72), rows, width, tilt=1.6)
    moss = recede(fractal(rng, 500, 500, cell_px=150), rows, width, tilt=1.6)
    light = np.clip(0.42 + 0.2 * litter, 0, 1)
    soil = np.stack([d + (b - d) * light for d, b in ((34, 98), (32, 82), (20, 52))])
    green = np.stack([d + (b - d) * light for d, b in ((30, 116), (50, 138), (18, 58))])
    lay(soil, green, smoothstep(-0.8, 0.8, moss))
    far = np.linspace(1, 0, rows, dtype=np.float32)[:, None] ** 2.2 * np.ones((1, width), "f4")
    lay(soil, mist, 0.92 * far)
    dim(soil, np.float32(1.0) - 0.3 * (1 - far))
    lay(canvas, soil, below((crest - top).astype(np.float32), rows), top=top)
