"""What backgrounds are drawn with: gradients, ridges, clouds, noise and blobs of foliage.

Canvases are float32, height x width x 3, sRGB on the scale 0 to 255, and are painted in place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]
Field = NDArray[np.float32]
"""One value for each pixel: float32, height x width."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundView:
    """A canvas to paint: its size and the row where the ground begins, in its own pixels."""

    height: int
    width: int
    horizon: int
    rng: np.random.Generator


def gradient(height: int, width: int, stops: Sequence[Colour]) -> Canvas:
    """A vertical blend through evenly spaced colours, top to bottom."""
    at = np.linspace(0, len(stops) - 1, height)
    table = np.asarray(stops, np.float32)
    column = np.stack([np.interp(at, range(len(stops)), table[:, c]) for c in range(3)], axis=1)
    return np.repeat(column[:, None].astype(np.float32), width, axis=1)


def noise(height: int, width: int, cell_px: tuple[float, float], rng: np.random.Generator) -> Field:
    """Smooth noise in [-1, 1] whose bumps are about `cell_px` (rows, columns) large."""
    rows = max(2, round(height / cell_px[0]) + 1)
    cols = max(2, round(width / cell_px[1]) + 1)
    grid = rng.uniform(-1, 1, (rows, cols)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))


def mottle(canvas: Canvas, region: NDArray[np.bool_] | None, amount: float, field: Field) -> None:
    """Lighten and darken a region by a noise field; `amount` is the largest change in levels."""
    change = field * np.float32(amount)
    if region is not None:
        change = change * region
    canvas += change[..., None]


def ridge(width: int, height_px: float, roughness: float, rng: np.random.Generator) -> Field:
    """Heights above a base line, one for each column, 0 to `height_px`.

    `roughness` from 0 (one long swell) to 1 (jagged peaks).
    """
    x = np.linspace(0, 2 * np.pi, width)
    line = np.zeros(width)
    for octave in range(1, 7):
        weight = (0.25 + 0.35 * roughness) ** (octave - 1)
        frequency = rng.uniform(0.6, 1.2) * octave
        line += weight * np.sin(frequency * x + rng.uniform(0, 2 * np.pi))
    line -= line.min()
    return np.asarray(height_px * line / max(float(line.max()), 1e-6), np.float32)


def land(canvas: Canvas, top: Field, upper: Colour, lower: Colour) -> NDArray[np.bool_]:
    """Fill everything below a line (rows, one for each column), shaded from its top downwards.

    Returns:
        Where it was filled, height x width.
    """
    height, width = canvas.shape[:2]
    rows = np.arange(height, dtype=np.float32)[:, None]
    first = max(0, int(top.min()) - 1)
    depth = (rows[first:] - top[None, :]) / max(1.0, height - float(top.min()))
    cover = np.clip(rows[first:] - top[None, :] + 0.5, 0, 1)[..., None]
    shade = np.clip(depth, 0, 1)[..., None]
    colour = np.asarray(upper, np.float32) * (1 - shade) + np.asarray(lower, np.float32) * shade
    canvas[first:] += (colour - canvas[first:]) * cover
    filled = np.zeros((height, width), np.bool_)
    filled[first:] = cover[..., 0] > 0.5
    return filled


def blend_disc(
    canvas: Canvas,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
    *,
    opacity: float = 1.0,
    soft: float = 0.15,
) -> None:
    """Blend an ellipse with a soft edge; `centre` and `radii` are (x, y) in pixels."""
    height, width = canvas.shape[:2]
    (cx, cy), (rx, ry) = centre, radii
    x0, x1 = max(0, int(cx - rx) - 1), min(width, int(cx + rx) + 2)
    y0, y1 = max(0, int(cy - ry) - 1), min(height, int(cy + ry) + 2)
    if x0 >= x1 or y0 >= y1:
        return
    ys, xs = np.ogrid[y0:y1, x0:x1]
    distance = np.sqrt(((xs - cx) / rx) ** 2 + ((ys - cy) / ry) ** 2)
    cover = np.clip((1 - distance) / max(soft, 1e-3), 0, 1)[..., None] * opacity
    part = canvas[y0:y1, x0:x1]
    part += ((np.asarray(colour, np.float32) - part) * cover).astype(np.float32)


def clouds(
    canvas: Canvas, horizon_px: int, colour: Colour, count: int, rng: np.random.Generator
) -> None:
    """Heaps of soft discs in the sky."""
    width = canvas.shape[1]
    for _ in range(count):
        x, y = rng.uniform(0, width), rng.uniform(0.08, 0.7) * horizon_px
        scale = rng.uniform(0.05, 0.11) * width
        for _ in range(6):
            at = (x + rng.uniform(-1, 1) * scale, y + rng.uniform(-0.18, 0.12) * scale)
            radius = scale * rng.uniform(0.35, 0.6)
            blend_disc(canvas, at, (radius * 1.3, radius * 0.6), colour, opacity=0.55, soft=0.7)


def foliage(
    canvas: Canvas,
    base: Field,
    height_px: float,
    colours: tuple[Colour, Colour],
    *,
    spacing: float,
    rng: np.random.Generator,
) -> None:
    """A row of round bushes or crowns standing on a line (rows, one for each column).

    `spacing` is the step from one to the next as a share of its radius.
    """
    width = canvas.shape[1]
    x = -height_px
    while x < width + height_px:
        foot = float(base[int(np.clip(x, 0, width - 1))])
        radius = height_px * rng.uniform(0.35, 0.6)
        mix = rng.uniform()
        near, far = np.asarray(colours[0]), np.asarray(colours[1])
        tone = mix * near + (1 - mix) * far
        middle = (x, foot - radius * 0.8)
        blend_disc(canvas, middle, (radius, radius * 1.1), _as_colour(tone), soft=0.06)
        lit = (x - radius * 0.25, foot - radius * 1.1)
        blend_disc(
            canvas, lit, (radius * 0.6, radius * 0.6), _as_colour(tone + 16), opacity=0.7, soft=0.8
        )
        x += radius * spacing * rng.uniform(0.8, 1.3)


def tufts(
    canvas: Canvas, top_px: int, colour: Colour, count: int, rng: np.random.Generator
) -> None:
    """Short strokes of grass below a row, longer towards the viewer."""
    height, width = canvas.shape[:2]
    for depth in np.sort(rng.uniform(0.04, 1, count) ** 0.8):
        y = top_px + depth * (height - top_px)
        x = rng.uniform(0, width)
        length = 3 + 11 * depth
        for lean in (-0.45, 0.0, 0.45):
            tip = (round(x + lean * length), round(y - length))
            shade = tuple(float(c) for c in colour)
            cv2.line(canvas, (round(x), round(y)), tip, shade, 1 + int(depth > 0.6), cv2.LINE_AA)


def _as_colour(values: NDArray[np.floating]) -> Colour:
    red, green, blue = (int(v) for v in np.clip(values, 0, 255))
    return red, green, blue
