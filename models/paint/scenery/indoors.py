"""Plain surroundings: a grey studio, and an old brick wall."""

import numpy as np

from models.paint.filters import blur, derivative, resized
from models.paint.layers import Planes, SceneryView, blank, dim, halo, lay, ramp, shine
from models.paint.noise import Field, fractal, recede, smoothstep


def studio_grey(view: SceneryView) -> Planes:
    """Seamless paper: a pool of light on the wall, a sweep that turns into the floor."""
    rng, height, width, unit = view.rng, view.height, view.width, view.unit_px
    tint = rng.uniform(-5, 5)
    canvas = blank(height, width, (92 + tint, 93, 95 - tint))
    x = float(rng.uniform(0.25, 0.75)) * width
    pool = halo(height, width, x=x, y=0.55 * view.horizon_px, radius_px=520 * unit)
    shine(canvas, (104, 104, 105), pool)
    rows = np.arange(height, dtype=np.float32)
    sweep = smoothstep(-90 * unit, 190 * unit, rows - view.horizon_px)[:, None]
    floor = halo(height, width, x=width / 2, y=height * 0.95, radius_px=900 * unit)
    lay(canvas, (168 + tint, 168.0, 169 - tint), sweep * (0.2 + 0.5 * floor))
    cove = np.exp(-(((rows - view.horizon_px) / (70 * unit)) ** 2))[:, None]
    dim(canvas, (1 - 0.07 * cove) * np.ones((1, width), np.float32))
    weave = fractal(rng, height, width, cell_px=4, gain=0.8)
    dim(canvas, 1 + np.float32(0.006) * weave)
    return canvas


def brick_wall(view: SceneryView) -> Planes:
    """Weathered bricks in side light, and flagstones where a subject needs a floor."""
    height, width, unit = view.height, view.width, view.unit_px
    standing = view.feet_px < height
    wall_rows = view.horizon_px if standing else height
    canvas = blank(height, width, (120, 112, 104))
    canvas[:, :wall_rows] = _bricks(view, wall_rows)
    if standing:
        canvas[:, wall_rows:] = _pavement(view, height - wall_rows)
        line = np.arange(height, dtype=np.float32) - wall_rows
        crease = np.exp(-np.abs(line) / (26 * unit))[:, None]
        dim(canvas, (1 - 0.55 * crease) * np.ones((1, width), np.float32))
    side = float(view.rng.choice((0.1, 0.9)))
    pool = halo(height, width, x=side * width, y=0.2 * height, radius_px=900 * unit)
    dim(canvas, 0.5 + 0.72 * pool)
    return canvas


def _bricks(view: SceneryView, rows: int) -> Planes:
    """Stretcher bond: each brick its own tone, a bevel at its edges, mortar between."""
    rng, width, unit = view.rng, view.width, view.unit_px
    tall, wide = max(6.0, 44 * unit), max(16.0, 132 * unit)
    wobble = 1.6 * unit * fractal(rng, rows, width, cell_px=26 * unit + 2, gain=0.6)
    down = (np.arange(rows, dtype=np.float32)[:, None] + wobble) / np.float32(tall)
    course = np.floor(down)
    across = (np.arange(width, dtype=np.float32)[None, :] + wobble) / np.float32(wide)
    across = across + np.float32(0.5) * (course % 2)
    column = np.floor(across)
    count = (int(course.max()) + 3, int(column.max()) + 3)
    number = ((course + 1) * count[1] + column + 1).astype(np.intp)
    edge = np.minimum(
        np.minimum(down - course, 1 - (down - course)) * np.float32(tall),
        np.minimum(across - column, 1 - (across - column)) * np.float32(wide),
    )
    face = smoothstep(2.2 * unit, 4.6 * unit + 0.6, edge)
    return _weathered(view, number, face, edge, tiles=count[0] * count[1])


def _weathered(
    view: SceneryView,
    number: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    face: Field,
    edge: Field,
    *,
    tiles: int,
) -> Planes:
    rng, unit = view.rng, view.unit_px
    rows, width = face.shape
    palette = np.array([(150, 70, 52), (168, 86, 62), (128, 62, 52), (178, 104, 78), (112, 66, 58)])
    colour = palette[rng.integers(len(palette), size=tiles)] * rng.uniform(0.82, 1.12, (tiles, 1))
    grit = fractal(rng, rows, width, cell_px=18 * unit + 2, gain=0.8)
    stain = resized(
        fractal(rng, max(2, rows // 4), max(2, width // 4), cell_px=60 * unit, stretch=0.6),
        (width, rows),
    )
    relief = derivative(blur(face, 1.0 + unit), 0, 1)
    wall = blank(rows, width, (166, 156, 144))
    dim(wall, 0.86 + 0.09 * grit)
    tone = np.stack([colour[:, c].astype(np.float32)[number] for c in range(3)])
    dim(tone, 1 + np.float32(0.1) * grit + np.float32(0.07) * stain)
    lay(tone, (206.0, 198.0, 188.0), smoothstep(1.2, 3.0, stain + 0.5 * grit) * 0.35)
    lay(wall, tone, face)
    # Light from above catches a brick's upper edge and leaves its lower edge in shade.
    dim(wall, np.clip(1 + 0.55 * relief * smoothstep(0, 9 * unit, edge + unit), 0.55, 1.4))
    return wall


def _pavement(view: SceneryView, rows: int) -> Planes:
    rng, width = view.rng, view.width
    size, count = 120, 8
    tone: Field = rng.normal(0, 0.07, (count, count)).astype(np.float32)
    flags = tone.repeat(size, axis=0).repeat(size, axis=1)
    at = np.arange(size * count) % size
    joint = (at < 3) | (at >= size - 3)
    flags[joint, :] = -0.42
    flags[:, joint] = -0.42
    laid = recede(blur(flags, 1.2), rows, width, tilt=1.4)
    grit = recede(fractal(rng, 700, 700, cell_px=60, gain=0.8), rows, width, tilt=1.4)
    stone = ramp(rows, width, ((0, (104, 100, 96)), (1, (146, 140, 132))))
    dim(stone, 1 + laid + np.float32(0.07) * grit)
    return stone
