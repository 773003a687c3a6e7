"""Night: a city skyline over water, and a sky full of stars."""

import cv2
import numpy as np

from models.paint.filters import blur, resized, sampled, shrunk
from models.paint.layers import Colour, Planes, SceneryView, below, dim, halo, lay, ramp, shine
from models.paint.noise import Field, fractal, profile, recede, smoothstep

_WINDOWS: tuple[Colour, ...] = ((255, 214, 140), (255, 184, 96), (214, 232, 255), (255, 240, 206))


def night_city(view: SceneryView) -> Planes:
    """Lit towers in two rows, their reflection in a river, and a paved quay in front."""
    height, width, horizon, unit = view.height, view.width, view.horizon_px, view.unit_px
    glow: Colour = ((128, 74, 108), (70, 84, 138), (150, 96, 78))[view.rng.integers(3)]
    canvas = ramp(
        height,
        width,
        (
            (0, (9, 12, 34)),
            (0.6 * horizon / height, (24, 28, 66)),
            (horizon / height, glow),
            (1, (14, 16, 30)),
        ),
    )
    _towers(view, canvas, tall=0.42, wide=58, colour=(46, 46, 84), lit=0.3, pane=6.0)
    _towers(view, canvas, tall=0.62, wide=104, colour=(17, 19, 38), lit=0.42, pane=10.0)
    _bloom(canvas[:, :horizon], unit)
    _river(view, canvas)
    _quay(view, canvas)
    return canvas


def _towers(
    view: SceneryView,
    canvas: Planes,
    *,
    tall: float,
    wide: float,
    colour: Colour,
    lit: float,
    pane: float,
) -> None:
    rng, unit = view.rng, view.unit_px
    x = -rng.uniform(0, wide) * unit
    while x < view.width:
        across = rng.uniform(0.55, 1.35) * wide * unit
        up = tall * view.horizon_px * rng.beta(2.0, 3.0) * 1.5 + 0.05 * view.horizon_px
        left, right = int(max(x, 0)), int(min(x + across, view.width))
        top = int(max(view.horizon_px - up, 0))
        if right - left > 2:
            _tower(view, canvas, box=(left, top, right), colour=colour, lit=lit, pane=pane)
        x += across * rng.uniform(0.92, 1.3)


def _tower(
    view: SceneryView,
    canvas: Planes,
    *,
    box: tuple[int, int, int],
    colour: Colour,
    lit: float,
    pane: float,
) -> None:
    """One tower: a grid of panes, some of them lit, floors at a time more often than not."""
    rng, (left, top, right) = view.rng, box
    block = canvas[:, top : view.horizon_px, left:right]
    rows, cols = block.shape[1:]
    shade = rng.uniform(0.75, 1.3)
    block[:] = np.array(colour, np.float32)[:, None, None] * np.float32(shade)
    step = max(3.0, pane * view.unit_px * rng.uniform(0.85, 1.25))
    down, across = np.arange(rows) / (1.35 * step), np.arange(cols) / step
    open_ = ((down % 1) > 0.42)[:, None] & ((across % 1) > 0.38)[None, :]
    open_[: int(step)] = False
    grid = (int(down[-1]) + 1, int(across[-1]) + 1)
    floors = rng.uniform(0.25, 1.6, (grid[0], 1))
    bright = (rng.random(grid) < lit * floors) * rng.uniform(0.35, 1.0, grid)
    lamp = bright.astype(np.float32)[down.astype(int)][:, across.astype(int)] * open_
    tint = _WINDOWS[rng.integers(len(_WINDOWS))]
    for c in range(3):
        block[c] += np.float32(tint[c]) * lamp
    if rng.random() < 0.25 and top > 12:
        mast = (left + right) // 2
        thick = max(1, round(2 * view.unit_px))
        reach = max(0, top - int(rng.uniform(20, 60) * view.unit_px))
        canvas[:, reach:top, mast : mast + thick] = np.array(colour, np.float32)[:, None, None]
        canvas[0, reach : reach + thick + 1, mast : mast + thick + 1] = 255


def _bloom(sky: Planes, unit: float) -> None:
    for c in range(3):
        small = shrunk(sky[c], 4)
        soft = blur(np.clip(small - 50, 0, None), 5 * unit + 0.5)
        sky[c] += np.float32(0.75) * resized(soft, (sky.shape[2], sky.shape[1]))


def _quay_px(view: SceneryView) -> int:
    reach = max(view.feet_px - view.horizon_px, 0.1 * view.height)
    return int(min(view.horizon_px + 0.55 * reach, view.height - 1))


def _river(view: SceneryView, canvas: Planes) -> None:
    horizon, width, rows = view.horizon_px, view.width, _quay_px(view) - view.horizon_px
    if rows < 2:
        return
    ripple = recede(fractal(view.rng, 400, 600, cell_px=8, stretch=6), rows, width, tilt=2.0)
    across = np.arange(width, dtype=np.float32)[None, :] + 5 * view.unit_px * ripple
    down = (horizon - 1) - np.linspace(0, min(1.6 * rows, horizon - 1), rows)[:, None]
    up = (down + np.float32(7 * view.unit_px) * ripple).astype(np.float32)
    for c in range(3):
        tall = np.asarray(
            cv2.blur(canvas[c, :horizon], (1, int(34 * view.unit_px) | 1)), np.float32
        )
        water = sampled(tall, across, up)
        canvas[c, horizon : horizon + rows] = water * np.float32(0.8) + (3, 7, 14)[c]
    dim(canvas, np.clip(1 + 0.22 * ripple, 0.3, 2), top=horizon)


def _quay(view: SceneryView, canvas: Planes) -> None:
    top, width, unit = _quay_px(view), view.width, view.unit_px
    rows = view.height - top
    slabs = _slabs(view)
    laid = recede(slabs, rows, width, tilt=1.5)
    wear = recede(fractal(view.rng, 600, 600, cell_px=120, gain=0.6), rows, width, tilt=1.5)
    stone = ramp(rows, width, ((0, (44, 44, 62)), (1, (58, 56, 68))))
    dim(stone, 1 + 0.5 * laid + 0.1 * wear)
    spot = halo(
        rows,
        width,
        x=float(view.rng.uniform(0.2, 0.8)) * width,
        y=0.15 * rows,
        radius_px=300 * unit,
    )
    shine(stone, (74, 52, 30), spot)
    canvas[:, top:] = stone
    kerb = max(2, int(7 * unit))
    canvas[:, top : top + kerb] = np.array((92, 86, 92), np.float32)[:, None, None]
    canvas[:, top + kerb : top + 2 * kerb] *= np.float32(0.45)


def _slabs(view: SceneryView) -> Field:
    """Paving: a value for each slab, dark joints between."""
    size, count = 96, 10
    tone = view.rng.normal(0, 0.12, (count, count)).astype(np.float32)
    paved = np.kron(tone, np.ones((size, size), np.float32))
    at = np.arange(size * count) % size
    joint = (at < 4) | (at >= size - 4)
    paved[joint, :] = -0.7
    paved[:, joint] = -0.7
    soft: Field = blur(paved, 1.2)
    return soft


def starry_sky(view: SceneryView) -> Planes:
    """The Milky Way over dark hills, with an afterglow along the horizon."""
    height, width, unit, rng = view.height, view.width, view.unit_px, view.rng
    glow: Colour = ((52, 92, 112), (92, 70, 104), (40, 96, 92))[rng.integers(3)]
    split = view.horizon_px / height
    canvas = ramp(
        height,
        width,
        ((0, (6, 9, 28)), (0.6 * split, (15, 24, 58)), (split, glow), (1, (8, 12, 18))),
    )
    band = _galaxy(view, canvas)
    _stars(view, canvas, band)
    for lift, colour in ((60.0, (20, 30, 46)), (22.0, (9, 14, 20))):
        line = profile(rng, width, cell_px=500 * unit, gain=0.42)
        crest = (view.horizon_px - lift * unit * (0.5 + 0.6 * line)).astype(np.float32)
        top = max(0, int(crest.min()) - 1)
        lay(canvas, colour, below(crest - top, height - top), top=top)
    _night_grass(view, canvas)
    return canvas


def _galaxy(view: SceneryView, canvas: Planes) -> Field:
    """A slanted, cloudy band of light with dark lanes; returns its strength, 0 to 1."""
    rows, cols = max(2, view.height // 4), max(2, view.width // 4)
    slant = float(view.rng.uniform(0.5, 1.1)) * (1 if view.rng.random() < 0.5 else -1)
    centre = (float(view.rng.uniform(0.3, 0.7)) * cols, 0.42 * rows)
    dx = np.arange(cols, dtype=np.float32)[None, :] - centre[0]
    dy = np.arange(rows, dtype=np.float32)[:, None] - centre[1]
    cloud = fractal(view.rng, rows, cols, cell_px=60 * view.unit_px, gain=0.62)
    off = (dx * np.sin(slant) + dy * np.cos(slant)) / (62 * view.unit_px) + 0.42 * cloud
    lane = fractal(view.rng, rows, cols, cell_px=34 * view.unit_px, gain=0.6)
    core = np.exp(-((off - 0.15) ** 2) * 5) * smoothstep(-0.6, 1.0, lane + 0.2)
    haze = np.exp(-(off**2) * 0.5)
    band = np.clip(haze * (0.75 + 0.2 * cloud) - 0.6 * core, 0, 1)
    wide = resized(band.astype(np.float32), (view.width, view.height))
    warm = resized((haze**3).astype(np.float32), (view.width, view.height))
    shine(canvas, (74, 78, 112), wide)
    shine(canvas, (62, 36, 30), warm * wide)
    strength: Field = wide
    return strength


def _stars(view: SceneryView, canvas: Planes, band: Field) -> None:
    rng, height, width, unit = view.rng, view.height, view.width, view.unit_px
    count = int(0.0032 * height * width)
    ys, xs = rng.integers(0, height, count), rng.integers(0, width, count)
    keep = rng.random(count) < 0.35 + 0.65 * band[ys, xs]
    ys, xs = ys[keep], xs[keep]
    power = (rng.pareto(1.5, ys.size) * 0.24 + 0.1).clip(0, 1).astype(np.float32)
    points = np.zeros((height, width), np.float32)
    np.maximum.at(points, (ys, xs), power)
    spread = blur(points, max(0.5, 0.75 * unit))
    light = points * np.float32(0.5) + spread * np.float32(2.6 * max(1.0, unit))
    for _ in range(26):
        centre = (int(rng.uniform(0, width) * 16), int(rng.uniform(0, height) * 16))
        cv2.circle(light, centre, int(rng.uniform(1.2, 2.6) * unit * 16), 1.0, -1, cv2.LINE_AA, 4)
    aura = blur(np.clip(light - 0.5, 0, 1), 4 * unit + 0.5)
    shine(canvas, (235, 238, 255), np.clip(light, 0, 1) + aura * np.float32(1.2))


def _night_grass(view: SceneryView, canvas: Planes) -> None:
    rows, width, rng = view.ground_px, view.width, view.rng
    blades = fractal(rng, rows, width, cell_px=22 * view.unit_px + 2, stretch=0.15, gain=0.7)
    near = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    light = np.clip(0.3 + 0.3 * blades, 0, 1) * near
    shine(canvas, (40, 62, 74), light, top=view.horizon_px)
