"""Painted styles: oil on canvas and watercolour on paper."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
from models.paint.filters import blur, converted, derivative, resized, sampled, shrunk, to_bytes
from models.paint.noise import Field, fractal, smoothstep
from models.paint.styles.tone import paper, saturated, smoothed, unit_px


def oil(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Strokes along the forms, broad ones first, finer ones where there is detail, in relief."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    vivid = saturated(image, 1.25)
    flow = _flow(image, 6 * unit + 1)
    canvas = blur(vivid, 12 * unit + 1)
    ridge = np.full((height, width), 128, np.uint8)
    for thick, spacing, detail in (
        (30.0, 17.0, 0.0),
        (14.0, 10.0, 0.05),
        (6.5, 6.0, 0.16),
        (3.4, 4.4, 0.36),
    ):
        marks = _marks(vivid, rng, thick_px=thick * unit, spacing_px=spacing * unit, detail=detail)
        _brush(canvas, ridge, vivid, flow, marks, thick_px=max(1.5, thick * unit), rng=rng)
    return _in_relief(canvas, ridge, flow, rng, unit)


def _flow(image: Rgb, sigma_px: float) -> Field:
    """The angle along which the image changes least, in radians, at a quarter of its sides."""
    grey = converted(image, cv2.COLOR_RGB2GRAY)
    small = shrunk(grey, 4).astype(np.float32)
    gx, gy = derivative(small, 1, 0), derivative(small, 0, 1)
    # The structure tensor, averaged: flat places take the direction of the edges around them.
    sigma = max(sigma_px, 1.5)
    xx, yy, xy = (blur(v, sigma) for v in (gx * gx, gy * gy, gx * gy))
    angle: Field = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    return angle


def _marks(
    image: Rgb, rng: np.random.Generator, *, thick_px: float, spacing_px: float, detail: float
) -> NDArray[np.float64]:
    """Where strokes of one brush go (x, y): everywhere, or only where there is detail."""
    height, width = image.shape[:2]
    step = max(2.5, spacing_px)
    grid = np.stack(np.meshgrid(np.arange(0, width, step), np.arange(0, height, step)), axis=-1)
    points = grid.reshape(-1, 2) + rng.uniform(-0.5, 0.5, (grid.shape[0] * grid.shape[1], 2)) * step
    points = points.clip(0, (width - 1, height - 1))
    if detail > 0:
        grey = converted(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        busy = np.abs(grey - blur(grey, max(thick_px, 1.0)))
        busy = cv2.blur(busy, (max(3, int(thick_px) | 1),) * 2) / np.float32(255)
        at = points.astype(int)
        points = points[busy[at[:, 1], at[:, 0]] > detail * 0.12]
    return points[rng.permutation(len(points))]


def _brush(
    canvas: Rgb,
    ridge: NDArray[np.uint8],
    image: Rgb,
    flow: Field,
    marks: NDArray[np.float64],
    *,
    thick_px: float,
    rng: np.random.Generator,
) -> None:
    """Draw strokes of the colour under their middle; `ridge` takes the paint's height."""
    soft = cv2.blur(image, (max(1, int(thick_px * 0.4) | 1),) * 2)
    at = marks.astype(int)
    colours = (
        soft[at[:, 1], at[:, 0]]
        + rng.normal(0, 7, (len(marks), 1))
        + rng.normal(0, 3, (len(marks), 3))
    )
    colours = colours.clip(0, 255)
    rows = (at[:, 1] // 4).clip(0, flow.shape[0] - 1)
    angle = flow[rows, (at[:, 0] // 4).clip(0, flow.shape[1] - 1)] + rng.normal(0, 0.14, len(marks))
    half = thick_px * rng.uniform(1.0, 2.3, len(marks))
    aim = np.stack([np.cos(angle), np.sin(angle)], axis=1) * half[:, None]
    ends = np.round(np.stack([marks - aim, marks + aim], axis=1) * 8).astype(int)
    thick = np.maximum(1, np.round(thick_px * rng.uniform(0.6, 1.0, len(marks)))).astype(int)
    relief = rng.integers(60, 196, len(marks))
    for (start, end), colour, wide, lift in zip(
        ends.tolist(), colours.tolist(), thick.tolist(), relief.tolist(), strict=True
    ):
        cv2.line(canvas, start, end, colour, wide, cv2.LINE_AA, 3)
        cv2.line(ridge, start, end, lift, wide, cv2.LINE_8, 3)


def _in_relief(
    canvas: Rgb, ridge: NDArray[np.uint8], flow: Field, rng: np.random.Generator, unit: float
) -> Rgb:
    """Light from the upper left over the edges of the paint and the furrows of the bristles."""
    height, width = ridge.shape
    paint = blur(ridge.astype(np.float32), 0.6 + 0.7 * unit) / np.float32(80)
    furrow = _bristles(rng, flow, height, width, unit) * np.float32(0.42)
    body = paint + furrow
    lit = cv2.filter2D(body, -1, np.array([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], np.float32))
    light = np.clip(lit * np.float32(-15.0), -46, 46)
    weave = fractal(rng, height, width, cell_px=3 * unit + 1.5) * np.float32(1.5)
    return to_bytes([canvas[..., c] + light + weave for c in range(3)])


def _bristles(rng: np.random.Generator, flow: Field, height: int, width: int, unit: float) -> Field:
    """White noise drawn out along the flow (line integral convolution), zero mean."""
    rows, cols = max(2, height // 2), max(2, width // 2)
    noise = rng.standard_normal((rows, cols), dtype=np.float32)
    # Doubled angles have no jump where a direction turns over, so they can be interpolated.
    dx, dy = (resized(f(2 * flow), (cols, rows)) for f in (np.cos, np.sin))
    angle = 0.5 * np.arctan2(dy, dx)
    step_x, step_y = np.cos(angle), np.sin(angle)
    x = np.arange(cols, dtype=np.float32)[None, :]
    y = np.arange(rows, dtype=np.float32)[:, None]
    total = noise.copy()
    reach = 1.6 * max(unit, 0.5)
    for k in (-4, -3, -2, -1, 1, 2, 3, 4):
        step = np.float32(k * reach)
        total += sampled(noise, x + step_x * step, y + step_y * step)
    return resized(total / np.float32(3), (width, height))


def watercolour(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Thin washes that run and dry darker at their edges, granulated on rough, white paper."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    half = shrunk(image, 2)
    wash = smoothed(half, radius_px=22 * unit + 2, strength=60)
    wash = _stepped(_bled(wash, rng, unit))
    wash = resized(wash, (width, height), cv2.INTER_CUBIC)
    rim = _dried_edges(wash, unit)
    pool = _pools(rng, height, width, unit)
    tooth = paper(rng, height, width, tooth_px=5 * unit + 1)
    bare = _bare_paper(rng, height, width, unit)
    planes = []
    bright = saturated(wash, 1.4)
    for c, white in enumerate((252.0, 250.0, 244.0)):
        # Pigment absorbs: density is the logarithm, and water thins or gathers it.
        density = -np.log((bright[..., c].astype(np.float32) + np.float32(6)) / np.float32(261))
        density *= np.float32(0.74) * pool * (1 + np.float32(0.1) * tooth)
        density = (density + np.float32(0.34) * rim) * bare
        planes.append((np.float32(white) + 2 * tooth) * np.exp(-density))
    return to_bytes(planes)


def _bled(wash: Rgb, rng: np.random.Generator, unit: float) -> Rgb:
    """Outlines that wander a few pixels, as a wet brush does."""
    rows, cols = wash.shape[:2]
    x, y = (
        axis + 1.7 * unit * fractal(rng, rows, cols, cell_px=13 * unit + 2, gain=0.6)
        for axis in (
            np.arange(cols, dtype=np.float32)[None, :],
            np.arange(rows, dtype=np.float32)[:, None],
        )
    )
    return sampled(wash, x, y)


def _stepped(wash: Rgb) -> Rgb:
    """Lightness in soft steps: one wash over another."""
    lab = converted(wash, cv2.COLOR_RGB2LAB)
    level = lab[..., 0].astype(np.float32) * np.float32(7 / 255)
    base = np.floor(level)
    stepped = (base + smoothstep(0.2, 0.8, level - base)) * np.float32(255 / 7)
    lab[..., 0] = np.clip(0.7 * stepped + 0.3 * lab[..., 0], 0, 255).astype(np.uint8)
    rgb: Rgb = converted(lab, cv2.COLOR_LAB2RGB)
    return rgb


def _dried_edges(wash: Rgb, unit: float) -> Field:
    """Pigment that gathered along the edge of a wash, 0 to 1."""
    grey = blur(converted(wash, cv2.COLOR_RGB2GRAY), 0.6 + unit)
    wide = blur(grey, 3.2 * unit + 0.6).astype(np.float32)
    rim: Field = np.clip((wide - grey) / np.float32(34), 0, 1)
    return rim


def _pools(rng: np.random.Generator, height: int, width: int, unit: float) -> Field:
    """How much pigment settled where, around 1."""
    small = (max(2, height // 3), max(2, width // 3))
    cloud = fractal(rng, *small, cell_px=45 * unit + 2, gain=0.6)
    pools: Field = np.clip(1 + 0.2 * resized(cloud, (width, height)), 0.4, 1.7)
    return pools


def _bare_paper(rng: np.random.Generator, height: int, width: int, unit: float) -> Field:
    """1 where the brush went, 0 along the sheet's margin, with a ragged border between."""
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    inset = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    ragged = fractal(rng, height, width, cell_px=70 * unit + 2, gain=0.6)
    return smoothstep(5 * unit, 9 * unit + 1, inset - 16 * unit + 9 * unit * ragged)
