"""Open land by day: desert dunes, and a meadow with rolling hills."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.paint.filters import blur, resized
from models.paint.layers import (
    Colour,
    Planes,
    SceneryView,
    below,
    blank,
    dim,
    halo,
    lay,
    ramp,
    shine,
)
from models.paint.noise import Field, fractal, profile, recede, smoothstep


def desert(view: SceneryView) -> Planes:
    """Dunes behind dunes, each with a sunlit and a shaded flank, under a hot sky."""
    rng, height, width = view.rng, view.height, view.width
    warm = bool(rng.random() < 0.5)
    low: Colour = (252, 214, 164) if warm else (222, 228, 222)
    high: Colour = (112, 142, 186) if warm else (64, 132, 198)
    sun_x = float(rng.uniform(0.08, 0.92)) * width
    canvas = blank(height, width, low)
    canvas[:, : view.horizon_px] = ramp(view.horizon_px, width, ((0, high), (1, low)))
    glow = halo(height, width, x=sun_x, y=0.45 * view.horizon_px, radius_px=130 * view.unit_px)
    shine(canvas, (120, 96, 50), glow)
    light = 1.0 if sun_x < width / 2 else -1.0
    for distance in (1.0, 0.7, 0.42, 0.0):
        _dune(view, canvas, distance=distance, light=light, haze=low)
    return canvas


def _dune(
    view: SceneryView, canvas: Planes, *, distance: float, light: float, haze: Colour
) -> None:
    """One ridge across the image; `distance` is 1 at the horizon and 0 underfoot."""
    rng, unit, width = view.rng, view.unit_px, view.width
    near = 1 - distance
    lift = (26 + 70 * near) * unit if distance else 20 * unit
    line = profile(rng, width, cell_px=(420 + 500 * near) * unit, gain=0.22)
    reach = min(0.45 * view.ground_px, 0.75 * max(view.feet_px - view.horizon_px, 20 * unit))
    crest = view.horizon_px + near * reach - lift * line
    crest = blur(crest[None], 4 * unit + 0.5)[0]
    top = max(0, int(crest.min()) - 2)
    rows = view.height - top
    cover = below((crest - top).astype(np.float32), rows)
    flank = _flank(view, crest - top, rows, light=light)
    lit, shade = (232.0, 172.0, 104.0), (150.0, 92.0, 62.0)
    sand = np.stack([s + (b - s) * flank for s, b in zip(shade, lit, strict=True)])
    if distance < 0.5:
        waves = fractal(rng, 1200, 600, cell_px=11, stretch=7, gain=0.45)
        dim(sand, 1 + 0.05 * recede(waves, rows, width, tilt=1.2))
    lay(sand, haze, 0.55 * distance)
    lay(canvas, sand, cover, top=top)


def _flank(view: SceneryView, crest: NDArray[np.float32], rows: int, *, light: float) -> Field:
    """Light on a dune, 0 to 1: a slip face in shadow leans away from the sun under each peak."""
    slope = np.gradient(blur(crest[None], 6 * view.unit_px + 0.5)[0])
    depth = (np.arange(rows, dtype=np.float32)[:, None] - crest[None, :]) / np.float32(
        max(220 * view.unit_px, 1)
    )
    # The shaded side widens as it falls: shear the slope sideways with depth.
    shear = np.arange(view.width, dtype=np.float32)[None, :] - light * 190 * view.unit_px * depth
    at = np.clip(shear, 0, view.width - 1).astype(np.intp)
    facing = slope.astype(np.float32)[at] * np.float32(-light * 3.5)
    lit = smoothstep(-0.22, 0.22, facing)
    fade = np.exp(-1.1 * np.clip(depth, 0, None))
    light_share: Field = np.clip(0.62 + (lit - 0.62) * fade + 0.06 * (1 - fade), 0, 1)
    return light_share


def meadow(view: SceneryView) -> Planes:
    """Fair-weather clouds over rolling hills, with grass and flowers in front."""
    height, width = view.height, view.width
    canvas = blank(height, width, (200, 226, 240))
    sky = canvas[:, : view.horizon_px]
    sky[:] = ramp(
        sky.shape[1], width, ((0, (66, 136, 210)), (0.7, (156, 202, 236)), (1, (214, 232, 240)))
    )
    cumulus(view, sky)
    hills: tuple[tuple[float, Colour], ...] = (
        (-0.09, (136, 176, 172)),
        (-0.045, (112, 166, 118)),
        (0.0, (104, 168, 78)),
    )
    for shift, colour in hills:
        _hill(view, canvas, crest_px=view.horizon_px + shift * height, colour=colour)
    _grass(view, canvas)
    _flowers(view, canvas)
    return canvas


def cumulus(view: SceneryView, sky: Planes) -> None:
    """White clouds with grey bellies."""
    rows, width = sky.shape[1:]
    unit = view.unit_px
    small = (max(2, rows // 2), max(2, width // 2))
    mass = fractal(view.rng, *small, cell_px=110 * unit, stretch=1.9, gain=0.52)
    under = blur(mass, 10 * unit + 0.5)
    lift = max(1, int(14 * unit))
    belly = np.roll(under, lift, axis=0) - under
    mass, shade = (resized(f, (width, rows)) for f in (mass, belly))
    cover = smoothstep(0.25, 1.0, mass)
    light = np.clip(0.82 - 0.75 * shade + 0.1 * mass, 0, 1)
    tone = np.stack([base + (255 - base) * light for base in (168.0, 186.0, 208.0)])
    lay(sky, tone, cover * np.float32(0.94))


def _hill(view: SceneryView, canvas: Planes, *, crest_px: float, colour: Colour) -> None:
    rng, unit, width = view.rng, view.unit_px, view.width
    line = profile(rng, width, cell_px=700 * unit, gain=0.3)
    crest = (crest_px - 26 * unit * line).astype(np.float32)
    crest = blur(crest[None], 5 * unit + 0.5)[0]
    trees = np.clip(profile(rng, width, cell_px=34 * unit, gain=0.7), 0, None) * 9 * unit
    clumps = np.clip(profile(rng, width, cell_px=300 * unit), 0, 1)
    top = max(0, int(crest.min() - trees.max()) - 2)
    rows = view.height - top
    wood: Colour = (colour[0] * 0.55, colour[1] * 0.68, colour[2] * 0.66)
    lay(canvas, wood, below((crest - trees * clumps - top).astype(np.float32), rows), top=top)
    depth = np.arange(rows, dtype=np.float32)[:, None] - (crest - top)[None]
    shade = 1.12 - 0.22 * np.clip(depth / (130 * unit), 0, 1)
    patch = fractal(rng, max(2, rows // 2), max(2, width // 2), cell_px=60 * unit, stretch=4)
    shade = shade + np.float32(0.05) * resized(patch, (width, rows))
    lay(canvas, np.stack([c * shade for c in colour]), below(crest - top, rows), top=top)


def _grass(view: SceneryView, canvas: Planes) -> None:
    """Upright blades, longer towards the viewer."""
    rng, unit, rows, width = view.rng, view.unit_px, view.ground_px, view.width
    start = max(1, int(0.1 * rows))
    rows -= start
    near = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    tall = fractal(rng, rows, width, cell_px=26 * unit + 2, stretch=0.12, gain=0.7)
    short = fractal(rng, rows, width, cell_px=8 * unit + 2, stretch=0.3, gain=0.6)
    sward = recede(fractal(rng, 600, 600, cell_px=120, gain=0.6), rows, width, tilt=1.5)
    blades = near * tall + (1 - near) * 0.7 * short + 0.5 * sward
    light = np.clip(0.48 + 0.2 * blades, 0, 1)
    dark, bright = (36.0, 84.0, 26.0), (164.0, 204.0, 82.0)
    green = np.stack([d + (b - d) * light for d, b in zip(dark, bright, strict=True)])
    lay(
        canvas,
        green,
        np.clip(near * 3, 0, 0.95) * np.ones((1, width), np.float32),
        top=view.horizon_px + start,
    )


def _flowers(view: SceneryView, canvas: Planes) -> None:
    rng, unit = view.rng, view.unit_px
    petals: tuple[Colour, ...] = ((250, 246, 236), (250, 214, 60), (226, 76, 70), (196, 120, 210))
    chosen = rng.choice(len(petals), size=2, replace=False)
    for kind in chosen:
        mask = np.zeros((view.height, view.width), np.uint8)
        for near in np.sqrt(rng.uniform(0.03, 1, 170)):
            y = view.horizon_px + (0.1 + 0.9 * near**2) * view.ground_px
            x = rng.uniform(0, view.width)
            size = (1.2 + 6.5 * near**2) * unit * rng.uniform(0.7, 1.2)
            axes = (max(10, int(size * 16)), max(8, int(size * 11)))
            cv2.ellipse(mask, ((x, y), (axes[0] / 8, axes[1] / 8), 0), 255, -1, cv2.LINE_AA)
        lay(canvas, petals[kind], mask.astype(np.float32) / 255)
