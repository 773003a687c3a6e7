"""Water: a beach at sunset, and the sea floor in sunlight."""

import cv2
import numpy as np

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

_SUNSETS: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    ((48, 58, 110), (150, 90, 130), (242, 130, 92), (255, 206, 120)),
    ((70, 70, 132), (196, 108, 140), (250, 148, 108), (255, 214, 150)),
    ((34, 64, 104), (112, 112, 138), (240, 158, 92), (255, 220, 132)),
)
"""Sky colours from the zenith down to the horizon."""


def sunset_beach(view: SceneryView) -> Planes:
    """Low sun over the sea, lit clouds, a glittering path and wet sand."""
    rng, height, width = view.rng, view.height, view.width
    stops = _SUNSETS[rng.integers(len(_SUNSETS))]
    sun_x = float(rng.uniform(0.12, 0.88)) * width
    sun_y = view.horizon_px - float(rng.uniform(0.03, 0.09)) * height
    canvas = blank(height, width, stops[-1])
    sky = canvas[:, : view.horizon_px]
    sky[:] = ramp(sky.shape[1], width, tuple(zip((0, 0.42, 0.8, 1), stops, strict=True)))
    _sunset_clouds(view, sky, sun_x=sun_x, sun_y=sun_y)
    _sea(view, canvas, sun_x=sun_x)
    _sand(view, canvas)
    glow = halo(height, width, x=sun_x, y=sun_y, radius_px=150 * view.unit_px)
    shine(canvas, (105, 62, 20), glow)
    disc = np.clip(halo(height, width, x=sun_x, y=sun_y, radius_px=24 * view.unit_px) * 2, 0, 1)
    shine(canvas[:, : view.horizon_px], (170, 130, 80), disc[: view.horizon_px] ** 2)
    return canvas


def _sunset_clouds(view: SceneryView, sky: Planes, *, sun_x: float, sun_y: float) -> None:
    rows, width = sky.shape[1:]
    small_h, small_w = max(2, rows // 2), max(2, width // 2)
    shape = fractal(view.rng, small_h, small_w, cell_px=45 * view.unit_px, stretch=5.0, gain=0.55)
    lit = np.clip(derivative(blur(shape, 2), 0, 1) * -0.5, -1, 1)
    shape, lit = (resized(f, (width, rows)) for f in (shape, lit))
    cover = smoothstep(0.1, 1.5, shape) * np.float32(0.85)
    warm = halo(rows, width, x=sun_x, y=sun_y, radius_px=0.45 * width)
    light = np.clip(0.35 + 0.9 * warm - 0.3 * smoothstep(0.6, 2.0, shape) + 0.45 * lit, 0, 1)
    shade, bright = (96.0, 70.0, 104.0), (255.0, 170.0, 118.0)
    tone = np.stack([s + (b - s) * light for s, b in zip(shade, bright, strict=True)])
    lay(sky, tone, cover)


def _shoreline_px(view: SceneryView) -> float:
    return view.horizon_px + 0.5 * max(view.feet_px - view.horizon_px, 0.12 * view.height)


def _sea(view: SceneryView, canvas: Planes, *, sun_x: float) -> None:
    rows, width = view.ground_px, view.width
    sky = canvas[:, : view.horizon_px]
    mirrored = np.stack([resized(p[::-1], (width, rows)) for p in sky])
    ripple = _ripples(view, rows)
    near = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    lay(mirrored, (26.0, 58.0, 92.0), np.clip(0.25 + 0.5 * near + 0.16 * ripple, 0, 0.85))
    spread = (14 + 260 * near) * view.unit_px + 0.02 * width
    path = np.exp(-(((np.arange(width, dtype=np.float32)[None] - sun_x) / spread) ** 2))
    shine(mirrored, (255, 190, 110), path * smoothstep(0.0, 1.6, ripple + 0.5) * 0.9)
    canvas[:, view.horizon_px :] = mirrored


def _ripples(view: SceneryView, rows: int) -> Field:
    waves = fractal(view.rng, 512, 1024, cell_px=9, stretch=5.0, gain=0.6)
    swell = fractal(view.rng, 256, 512, cell_px=24, stretch=6.0)
    wide = resized(swell, (1024, 512))
    return recede(0.8 * waves + 0.6 * wide, rows, view.width, tilt=2.0) * np.float32(1.2)


def _sand(view: SceneryView, canvas: Planes) -> None:
    width, height = view.width, view.height
    shore = _shoreline_px(view) + 12 * view.unit_px * profile(
        view.rng, width, cell_px=420 * view.unit_px, gain=0.35
    )
    top = int(max(view.horizon_px, shore.min() - 8))
    rows = height - top
    line = shore - top
    grain = recede(fractal(view.rng, 700, 700, cell_px=40, gain=0.75), rows, width, tilt=1.6)
    dry = ramp(rows, width, ((0, (176, 118, 92)), (0.4, (206, 150, 112)), (1, (168, 116, 88))))
    dim(dry, np.float32(1.0) + np.float32(0.075) * grain)
    wet_px = max(view.feet_px - float(shore.mean()), 30 * view.unit_px) * 0.7
    wet = np.clip(1 - (np.arange(rows, dtype=np.float32)[:, None] - line[None]) / wet_px, 0, 1)
    mirror = np.stack([resized(p[::-1], (width, rows)) for p in canvas[:, : view.horizon_px]])
    lay(dry, (92.0, 62.0, 62.0), 0.55 * wet)
    lay(dry, mirror, 0.5 * wet)
    lay(canvas, dry, below(line, rows), top=top)
    _foam(view, canvas, line, top=top)


def _foam(view: SceneryView, canvas: Planes, line: Field, *, top: int) -> None:
    rows, width = view.height - top, view.width
    lace = fractal(view.rng, rows, width, cell_px=16 * view.unit_px, stretch=3.0, gain=0.7)
    depth = np.arange(rows, dtype=np.float32)[:, None] - line[None, :]
    for offset, thick, strength in ((0.0, 7.0, 0.85), (-26.0, 9.0, 0.4)):
        away = np.abs(depth - offset * view.unit_px) / np.float32(thick * view.unit_px + 1)
        lay(
            canvas,
            (255.0, 236.0, 222.0),
            strength * smoothstep(0, 1.1, 1.1 - away + 0.35 * lace),
            top=top,
        )


def underwater(view: SceneryView) -> Planes:
    """Shafts of light through blue water, a rippled floor with caustics, weed and fish."""
    height, width, unit = view.height, view.width, view.unit_px
    deep: Colour = (8, 74, 118)
    canvas = ramp(
        height,
        width,
        ((0, (150, 232, 236)), (0.18, (62, 182, 206)), (0.55, (16, 112, 158)), (1, deep)),
    )
    _reef(view, canvas)
    _sea_floor(view, canvas)
    _weed(view, canvas)
    _fish(view, canvas)
    shine(canvas, (150, 190, 160), _shafts(view) * 0.5)
    _bubbles(view, canvas)
    edge = halo(height, width, x=width / 2, y=0.35 * height, radius_px=950 * unit)
    dim(canvas, 0.55 + 0.5 * edge)
    return canvas


def _shafts(view: SceneryView) -> Field:
    """Rays fan out from a point above the surface and fade with depth; smooth, so painted small."""
    rows, cols = max(2, view.height // 4), max(2, view.width // 4)
    source = float(view.rng.uniform(0.2, 0.8)) * cols
    dx = np.arange(cols, dtype=np.float32)[None, :] - source
    dy = np.arange(rows, dtype=np.float32)[:, None] + 0.35 * rows
    angle = np.arctan2(dx, dy)
    rays = profile(view.rng, 1024, cell_px=46, gain=0.6)
    at = np.clip((angle + 1.6) / 3.2 * 1023, 0, 1023)
    fan = np.interp(at, np.arange(1024), np.clip(rays, 0, 2.5)).astype(np.float32)
    fade = np.linspace(1, 0, rows, dtype=np.float32)[:, None] ** 1.4
    wide: Field = resized(blur(fan * fade, 1.5), (view.width, view.height))
    return wide


def _sea_floor(view: SceneryView, canvas: Planes) -> None:
    rows, width, unit = view.ground_px, view.width, view.unit_px
    first = fractal(view.rng, 900, 900, cell_px=70, gain=0.3, finest_px=12)
    second = fractal(view.rng, 900, 900, cell_px=60, gain=0.3, finest_px=12)
    web = np.exp(-9 * np.abs(first)) + np.exp(-9 * np.abs(second))
    caustic = np.maximum(recede(web, rows, width, tilt=1.5), 0)
    sand = ramp(rows, width, ((0, (40, 132, 162)), (0.35, (104, 168, 168)), (1, (150, 180, 158))))
    dunes = recede(fractal(view.rng, 800, 400, cell_px=60, stretch=5, gain=0.6), rows, width)
    dim(sand, 1 + 0.06 * dunes)
    shine(sand, (85, 100, 80), caustic * 0.75)
    edge = 10 * unit * profile(view.rng, width, cell_px=300 * unit) + 14 * unit
    # The far floor dissolves in the water instead of ending in a line.
    depth = np.arange(rows, dtype=np.float32)[:, None] - edge[None, :]
    lay(canvas, sand, smoothstep(0, 0.3 * rows, depth), top=view.horizon_px)


def _reef(view: SceneryView, canvas: Planes) -> None:
    unit, width = view.unit_px, view.width
    for tall, colour, cover in ((170, (34, 122, 160), 0.5), (95, (20, 92, 132), 0.75)):
        line = profile(view.rng, width, cell_px=260 * unit, gain=0.6) * 0.5 + profile(
            view.rng, width, cell_px=1400 * unit
        )
        crest = view.horizon_px + (30 - tall * np.clip(0.4 * line + 0.2, 0, 1.4)) * unit
        top = max(0, int(crest.min()) - 2)
        mask = below((crest - top).astype(np.float32), view.height - top)
        lay(canvas, colour, blur(mask, 1.5 + 3 * unit) * cover, top=top)


def _weed(view: SceneryView, canvas: Planes) -> None:
    """Ribbons at the sides, where they frame the subject instead of crossing it."""
    rng, unit = view.rng, view.unit_px
    shapes = []
    for _ in range(16):
        side = float(rng.beta(0.6, 0.6))
        x, tall = side * view.width, float(rng.uniform(120, 420)) * unit
        base = view.horizon_px + float(rng.uniform(0.25, 0.9)) * view.ground_px
        along = np.linspace(0, 1, 24)
        sway = np.sin(along * rng.uniform(3, 7) + rng.uniform(0, 6)) * 22 * unit * along
        half = (
            (13 * unit * (1 - along) + 1)
            * np.minimum(1, 0.25 + 5 * along)
            * (0.8 + 0.3 * np.sin(along * 40))
        )
        y = base - along * tall
        left = np.stack([x + sway - half, y], axis=1)
        shapes.append(np.concatenate([left, np.stack([x + sway + half, y], axis=1)[::-1]]))
    mask = polygons(view.height, view.width, shapes)
    lay(canvas, (14.0, 92.0, 92.0), blur(mask, 0.6 + 1.2 * unit) * 0.8)


def _fish(view: SceneryView, canvas: Planes) -> None:
    rng, unit = view.rng, view.unit_px
    heading = 1 if rng.random() < 0.5 else -1
    centre = (rng.uniform(0.15, 0.85) * view.width, rng.uniform(0.12, 0.4) * view.height)
    turn = np.linspace(0, 2 * np.pi, 18)
    shapes = []
    for _ in range(26):
        size = float(rng.uniform(9, 17)) * unit
        at = np.array(centre) + rng.standard_normal(2) * (130 * unit, 55 * unit)
        body = np.stack([np.cos(turn) * size, np.sin(turn) * size * 0.36], axis=1)
        tail = np.array([[-0.8, 0], [-1.6, -0.42], [-1.35, 0], [-1.6, 0.42]]) * size
        shapes += [part * (heading, 1) + at for part in (body, tail)]
    lay(canvas, (12.0, 70.0, 104.0), polygons(view.height, view.width, shapes) * 0.7)


def _bubbles(view: SceneryView, canvas: Planes) -> None:
    rng, unit = view.rng, view.unit_px
    rim = np.zeros((view.height, view.width), np.uint8)
    for _ in range(5):
        column = rng.uniform(0, view.width)
        for _ in range(9):
            x = column + rng.normal(0, 18 * unit)
            radius = max(1.0, rng.uniform(1.5, 8.0) * unit)
            centre = (int(x * 16), int(rng.uniform(0.02, 0.9) * view.height * 16))
            cv2.circle(rim, centre, int(radius * 16), 150, 1, cv2.LINE_AA, 4)
            spark = (centre[0] - int(radius * 6), centre[1] - int(radius * 6))
            cv2.circle(rim, spark, max(8, int(radius * 4)), 230, -1, cv2.LINE_AA, 4)
    shine(canvas, (190, 225, 225), rim.astype(np.float32) / 255)
