"""Drawn styles: graphite, ink and cartoon."""

import cv2
import numpy as np

from models.geometry import Rgb
from models.paint.filters import blur, converted, resized, to_bytes
from models.paint.noise import Field, fractal, smoothstep
from models.paint.styles.tone import (
    ink_lines,
    luminance,
    paper,
    saturated,
    smoothed,
    to_rgb,
    unit_px,
)


def _strokes(
    rng: np.random.Generator, height: int, width: int, *, angle: float, thick_px: float
) -> Field:
    """Parallel hand-drawn strokes, 0 (gap) to 1 (stroke), each a little bent and broken."""
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    across = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
    small = (max(2, height // 4), max(2, width // 4))
    bend = resized(fractal(rng, *small, cell_px=24 * thick_px), (width, height))
    period = np.float32(2.6 * thick_px)
    place = (across + np.float32(1.1 * thick_px) * bend) / period
    number = np.floor(place)
    table = rng.uniform(0, 1, 4096).astype(np.float32)
    offset = table[number.astype(np.int32) & 4095]
    # Strokes are lifted every so often, at a different place in each.
    lifted = np.abs(((along / np.float32(46 * thick_px) + offset * 7) % 1) - np.float32(0.5)) * 2
    body = 1 - np.abs((place - number) * 2 - 1)
    drawn: Field = (
        smoothstep(0.25, 0.75, body)
        * (0.45 + 0.55 * smoothstep(0.02, 0.3, 1 - lifted))
        * (0.7 + 0.3 * offset)
    )
    return drawn


def pencil(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Graphite on toothy paper: dodged contours, and hatching that crosses in the shadows."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    grey = luminance(image)
    calm = blur(grey, 0.5 + 1.2 * unit)
    blurred = blur(1 - calm, 7 * unit + 0.8)
    dodge = np.clip(calm / np.maximum(1 - blurred, 0.04), 0, 1)
    contour = 1 - np.clip((1 - dodge) * 1.7, 0, 1)
    shade = blur(1 - grey, 3 * unit + 0.5)
    tone = np.float32(0.16) * shade
    thick = max(1.0, 1.7 * unit)
    for angle, level, weight in ((-0.78, 0.22, 0.42), (-0.35, 0.5, 0.34), (0.6, 0.74, 0.3)):
        hatch = _strokes(rng, height, width, angle=angle, thick_px=thick)
        tone += np.float32(weight) * hatch * smoothstep(level - 0.14, level + 0.3, shade)
    tooth = paper(rng, height, width, tooth_px=2.4 * unit + 1)
    graphite = np.clip(tone + 0.86 * (1 - contour), 0, 0.93)
    graphite *= np.clip(1 + 0.22 * tooth, 0.4, 1.5)
    sheet = np.float32(0.965) + np.float32(0.012) * tooth
    drawn = sheet * (1 - graphite)
    return to_bytes([drawn * 255, drawn * 254, drawn * 249])


def ink(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Pen and brush: hard contours, solid blacks, cross-hatched half-tones, nothing grey."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    calm = smoothed(image, radius_px=18 * unit + 2, strength=42)
    grey = luminance(calm)
    lines = ink_lines(grey, width_px=1.5 * unit, strength=60, least=0.003)
    shade = 1 - blur(grey, 1.5 * unit + 0.5)
    black = smoothstep(0.84, 0.88, shade)
    thick = max(1.3, 2.6 * unit)
    for angle, level in ((-0.7, 0.42), (0.75, 0.62), (0.05, 0.74)):
        hatch = _strokes(rng, height, width, angle=angle, thick_px=thick)
        # A line swells with the shade under it, as a pressed nib does.
        swell = np.clip((shade - level) * 1.6, 0, 0.5)
        drawn = smoothstep(0.0, 0.18, hatch - (0.72 - swell)) * (shade > level - 0.02)
        black = np.maximum(black, drawn)
    black = np.maximum(black, smoothstep(0.25, 0.6, lines))
    return to_rgb(np.float32(0.99) - np.float32(0.96) * black)


def cartoon(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Flat, bright colours in a few steps of light, inside bold black outlines."""
    del rng  # Nothing here is left to chance.
    unit = unit_px(image)
    calm = smoothed(image, radius_px=40 * unit + 3, strength=55)
    lab = converted(calm, cv2.COLOR_RGB2LAB)
    steps = 5
    level = lab[..., 0].astype(np.float32) * np.float32(steps / 255)
    base = np.floor(level)
    # A narrow ramp between two steps: flat areas, edges without jaggies.
    flat = base + smoothstep(0.42, 0.58, level - base)
    lab[..., 0] = np.clip(flat * (235 / steps) + 22, 0, 255).astype(np.uint8)
    bright = saturated(converted(lab, cv2.COLOR_LAB2RGB), 1.55)
    grey = converted(calm, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    lines = np.maximum(
        ink_lines(grey, width_px=2.6 * unit, strength=34, least=0.007),
        _colour_edges(calm, unit),
    )
    lines = smoothstep(0.2, 0.75, blur(lines, 0.7 * unit + 0.3))
    keep = 1 - np.float32(0.97) * lines
    return to_bytes([bright[..., c] * keep for c in range(3)])


def _colour_edges(image: Rgb, unit: float) -> Field:
    """Contours where the hue changes though brightness does not, 0 to 1."""
    lab = converted(blur(image, 1.2 * unit + 0.4), cv2.COLOR_RGB2LAB)
    reach = max(3, round(4.5 * unit) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    step = cv2.morphologyEx(lab, cv2.MORPH_GRADIENT, kernel).astype(np.float32)
    strongest = np.maximum(step[..., 1], np.maximum(step[..., 2], step[..., 0] * 0.7))
    return smoothstep(16, 38, strongest)
