"""Wild country: snowy mountains, and a pine forest in mist."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.paint.filters import blur, derivative, resized
from models.paint.layers import (
    Colour,
    Planes,
    SceneryView,
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


def snowy_mountains(view: SceneryView) -> Planes:
    """Snow and rock in side light, a line of pines, and a bright snow field."""
    height, width, unit = view.height, view.width, view.unit_px
    canvas = blank(height, width, (226, 236, 246))
    canvas[:, : view.horizon_px] = ramp(
        view.horizon_px, width, ((0, (38, 98, 176)), (0.6, (112, 168, 222)), (1, (206, 226, 242)))
    )
    light = 1.0 if view.rng.random() < 0.5 else -1.0
    for tall, haze, wide in ((0.5, 0.55, 620.0), (0.74, 0.2, 900.0)):
        crest = _summits(view, tall_px=tall * view.horizon_px, wide_px=wide * unit)
        _range(view, canvas, crest, haze=haze, light=light)
    _pine_row(view, canvas)
    _snow_field(view, canvas, light=light)
    return canvas


def _summits(view: SceneryView, *, tall_px: float, wide_px: float) -> NDArray[np.float32]:
    """The skyline of a range: pointed summits with concave flanks, roughened; one row a column."""
    rng, width = view.rng, view.width
    x = np.arange(width, dtype=np.float32)
    height = np.full(width, 0.12, np.float32)
    for at in np.arange(-0.2 * wide_px, width + 0.2 * wide_px, 0.36 * wide_px):
        peak, reach = rng.uniform(0.42, 1.0), wide_px * rng.uniform(0.42, 0.7)
        slant = np.where(x < at, rng.uniform(0.8, 1.25), rng.uniform(0.8, 1.25))
        away = np.abs(x - at - rng.normal(0, 0.08 * wide_px)) / reach * slant
        height = np.maximum(height, peak * np.clip(1 - away, 0, 1) ** 1.15)
    rough = profile(rng, width, cell_px=0.1 * wide_px, gain=0.58)
    height += np.float32(0.028) * rough * (0.3 + height)
    return (view.horizon_px - tall_px * height).astype(np.float32)


def _range(
    view: SceneryView, canvas: Planes, crest: NDArray[np.float32], *, haze: float, light: float
) -> None:
    unit, width = view.unit_px, view.width
    top = max(0, int(crest.min()) - 2)
    rows = max(1, min(view.height, view.horizon_px + int(30 * unit) + 2) - top)
    depth = np.maximum(np.arange(rows, dtype=np.float32)[:, None] - (crest - top)[None], 0)
    lit = _facets(view, crest, depth, light=light)
    gully = fractal(view.rng, rows, width, cell_px=46 * unit + 2, stretch=0.45, gain=0.62)
    relative = depth / np.maximum(view.horizon_px - crest, 40 * unit)[None]
    bare = smoothstep(0.2, 0.5, 0.62 * relative + 0.2 * gully - 0.22 * lit + 0.12)
    snow = np.stack([d + (b - d) * lit for d, b in ((118, 253), (150, 251), (200, 248))])
    stone = np.stack([d + (b - d) * lit for d, b in ((56, 134), (68, 126), (94, 124))])
    dim(stone, 1 + np.float32(0.1) * gully)
    lay(snow, stone, bare * np.float32(0.9))
    lay(snow, (186.0, 212.0, 236.0), np.clip(haze + 0.4 * smoothstep(0.45, 1.0, relative), 0, 0.9))
    lay(canvas, snow, below(crest - top, rows), top=top)


def _facets(view: SceneryView, crest: NDArray[np.float32], depth: Field, *, light: float) -> Field:
    """How much of the sun each face gets, 0 to 1: faces keep the aspect of the crest above them.

    Each pixel looks up the slope of the crest over it, through a distortion that grows with depth,
    so that spurs run down from the summits; finer spurs branch off lower down.
    """
    unit, width = view.unit_px, view.width
    rows = depth.shape[0]
    small = (max(2, rows // 2), max(2, width // 2))
    warp = fractal(view.rng, *small, cell_px=42 * unit + 2, stretch=0.8, gain=0.55)
    warp = resized(warp, (width, rows), cv2.INTER_LINEAR)
    at = np.arange(width, dtype=np.float32)[None, :] + warp * (3 * unit + 0.26 * depth)
    at = np.clip(at, 0, width - 1).astype(np.intp)
    broad, fine = (np.gradient(blur(crest[None], sigma * unit + 0.5)[0]) for sigma in (26.0, 5.0))
    facing = (1.3 * broad + 0.55 * fine).astype(np.float32)[at] * np.float32(-light)
    spurs = derivative(warp, 1, 0) * np.float32(light * 1.6 * unit)
    return np.float32(0.06) + np.float32(0.94) * smoothstep(-0.5, 0.55, facing + spurs)


def pine(rng: np.random.Generator, *, x: float, base: float, tall: float) -> NDArray[np.float64]:
    """The outline of a pine: tiers of drooping boughs, ragged on both sides."""
    tiers = 19
    level = np.linspace(0.04, 1, tiers)
    sides = []
    for side in (-1, 1):
        reach = 0.235 * tall * level**0.9 * rng.uniform(0.62, 1.12, tiers)
        tip = np.stack([x + side * reach, base - tall * (1 - level) * 0.97 + 0.02 * tall], axis=1)
        notch = np.stack([x + side * reach * 0.5, tip[:, 1] - 0.006 * tall], axis=1)
        sides.append(np.stack([tip, notch], axis=1).reshape(-1, 2))
    trunk = np.array([[0.018, -0.04], [0.018, 0.03], [-0.018, 0.03], [-0.018, -0.04]]) * tall + (
        x,
        base,
    )
    crown = np.array([[x, base - tall]])
    return np.concatenate([crown, sides[1], trunk, sides[0][::-1]])


def _pine_row(view: SceneryView, canvas: Planes) -> None:
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


def _snow_field(view: SceneryView, canvas: Planes, *, light: float) -> None:
    rng, unit, width = view.rng, view.unit_px, view.width
    crest = view.horizon_px + (12 + 7 * profile(rng, width, cell_px=500 * unit, gain=0.3)) * unit
    top = max(0, int(crest.min()) - 1)
    rows = view.height - top
    drifts = recede(
        fractal(rng, 700, 700, cell_px=180, stretch=2.0, gain=0.4, finest_px=6), rows, width, tilt=2
    )
    drifts = blur(drifts, 1.5)
    slope = derivative(drifts, 1, 1) * np.float32(light * 9)
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


def forest(view: SceneryView) -> Planes:
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


def _pines(view: SceneryView, canvas: Planes, *, near: float, mist: Colour, dark: Colour) -> None:
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
    # Needles: the outline is blurred, then cut again through noise; mist keeps far trees soft.
    needles = fractal(rng, *mask.shape, cell_px=9 * unit + 2, stretch=0.5, gain=0.75)
    fringe = blur(mask, (1.5 + 2.2 * near) * unit + 0.4)
    soft = 0.14 + 0.16 * (1 - near)
    mask = smoothstep(0.5 - soft, 0.5 + soft, fringe + np.float32(0.13) * needles)
    mask *= np.minimum(1, 4 * fringe)
    clear = near**0.8
    shade = 1 + np.float32(0.16 * near) * needles
    tone = np.stack([(m + (d - m) * clear) * shade for m, d in zip(mist, dark, strict=True)])
    lay(canvas, tone, mask * np.float32(0.96))


def _forest_floor(view: SceneryView, canvas: Planes, *, mist: Colour) -> None:
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
    fern = fractal(rng, rows, width, cell_px=20 * unit + 2, stretch=0.22, gain=0.7)
    near = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    dim(soil, np.clip(1 + 0.34 * near * fern * smoothstep(-0.6, 0.9, moss), 0.3, 2))
    far = np.linspace(1, 0, rows, dtype=np.float32)[:, None] ** 2.2 * np.ones((1, width), "f4")
    lay(soil, mist, 0.92 * far)
    dim(soil, np.float32(1.0) - 0.3 * (1 - far))
    lay(canvas, soil, below((crest - top).astype(np.float32), rows), top=top)
