"""Styles made of light alone: colour grades, grain and lens."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.geometry import Rgb
from models.paint.filters import blur, resized, shrunk, to_bytes
from models.paint.layers import halo
from models.paint.noise import Field, fractal, smoothstep
from models.paint.styles.tone import luminance, to_rgb, unit_px, vignette


def _toned(grey: Field, stops: Sequence[tuple[float, tuple[int, int, int]]]) -> list[Field]:
    """Grey values (0 to 1) through a ramp of colours."""
    at = np.linspace(0, 1, 256)
    index = cv2.convertScaleAbs(np.clip(grey, 0, 1), alpha=255.0)
    heights = [height for height, _ in stops]
    tables = [np.interp(at, heights, [rgb[c] for _, rgb in stops]) for c in range(3)]
    return [np.asarray(cv2.LUT(index, table.astype(np.float32)), np.float32) for table in tables]


def _grain(rng: np.random.Generator, height: int, width: int, unit: float) -> Field:
    return fractal(rng, height, width, cell_px=max(1.6 * unit, 1.0), finest_px=1.6)


def _soft(plane: Field, sigma_px: float) -> Field:
    """A wide blur, done on a quarter of the sides where it does not show."""
    small = shrunk(plane, 4)
    blurred = blur(small, max(sigma_px / 4, 0.5))
    wide: Field = resized(blurred, (plane.shape[1], plane.shape[0]))
    return wide


def sepia(image: Rgb, rng: np.random.Generator) -> Rgb:
    """A faded brown print: soft lens, grain, dust, scratches and pale, stained edges."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    grey = blur(luminance(image), 0.4 + 0.7 * unit)
    grey = np.clip(0.1 + 0.84 * grey + 0.035 * _grain(rng, height, width, unit), 0, 1)
    small = (max(2, height // 4), max(2, width // 4))
    stain = resized(fractal(rng, *small, cell_px=70 * unit, gain=0.6), (width, height))
    fade = 1 - vignette(height, width, strength=1.0)
    grey += (np.float32(0.86) - grey) * np.clip(0.5 * fade**3 + 0.05 * stain, 0, 0.6)
    grey = np.clip(grey + 0.5 * _wear(rng, height, width, unit), 0, 1)
    stops = ((0, (44, 27, 16)), (0.35, (118, 82, 52)), (0.7, (198, 162, 116)), (1, (246, 228, 194)))
    return to_bytes(_toned(grey, stops))


def _wear(rng: np.random.Generator, height: int, width: int, unit: float) -> Field:
    """Dust and hairline scratches, 0 to 1."""
    mask = np.zeros((height, width), np.uint8)
    for _ in range(60):
        centre = (int(rng.uniform(0, width) * 16), int(rng.uniform(0, height) * 16))
        cv2.circle(mask, centre, int(rng.uniform(0.6, 2.0) * unit * 16), 170, -1, cv2.LINE_AA, 4)
    for _ in range(7):
        x, y = rng.uniform(0, width), rng.uniform(-0.2, 0.8) * height
        along = np.linspace(0, rng.uniform(0.1, 0.6) * height, 12)
        bend = np.cumsum(rng.normal(0, 1.2 * unit, 12))
        line = np.stack([x + bend, y + along], axis=1)
        cv2.polylines(
            mask,
            [np.round(line * 16).astype(np.int32)],
            False,
            int(rng.uniform(60, 150)),
            1,
            cv2.LINE_AA,
            4,
        )
    return mask.astype(np.float32) / np.float32(255)


def night(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Day for night: deep blue shadows, silver light from the moon's side, lamps still warm."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    moon_x = float(rng.choice((0.14, 0.86))) * width
    moon = halo(height, width, x=moon_x, y=0.06 * height, radius_px=520 * unit)
    grey = luminance(image)
    curve = smoothstep(0.0, 1.0, grey) * np.float32(0.5) + np.float32(0.5) * grey
    dark = curve ** np.float32(1.5) * (0.3 + 0.72 * moon) * vignette(height, width, strength=0.4)
    stops = ((0, (3, 6, 18)), (0.22, (18, 34, 76)), (0.5, (82, 116, 170)), (0.85, (226, 238, 255)))
    grain = np.float32(1.6) * _grain(rng, height, width, unit)
    veil = np.float32(40) * moon**3
    planes = []
    for c, (plane, tint) in enumerate(zip(_toned(dark, stops), (0.55, 0.75, 1.0), strict=True)):
        # Eyes see little colour in the dark: a quarter of it is left, dimmed.
        chroma = image[..., c].astype(np.float32) - grey * np.float32(255)
        planes.append(plane + np.float32(0.25) * chroma * dark + veil * np.float32(tint) + grain)
    return to_bytes(planes)


def golden_hour(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Low sun from one side: amber light, teal-brown shadows, bloom and a veil of flare."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    side = float(rng.choice((-0.02, 1.02)))
    at = (side * width, float(rng.uniform(0.1, 0.3)) * height)
    sun = halo(height, width, x=at[0], y=at[1], radius_px=330 * unit)
    wide = halo(height, width, x=at[0], y=at[1], radius_px=900 * unit)
    grey = luminance(image)
    bloom = _soft(smoothstep(0.6, 1.0, grey), 28 * unit)
    curve = grey * grey * (3 - 2 * grey)
    planes = []
    # Gains of highlights and shadows, bloom and flare for red, green and blue.
    for c, (high, low, glow) in enumerate(((1.16, 1.0, 255), (0.9, 0.82, 168), (0.56, 0.74, 72))):
        plane = image[..., c].astype(np.float32)
        gain = low + (high - low) * curve
        plane = plane * gain * (0.8 + 0.34 * wide)
        light = np.float32(glow) * np.clip(0.16 * bloom + 0.62 * sun + 0.07 * wide, 0, 1)
        # Screen instead of add: highlights keep their drawing.
        planes.append(plane + light * (1 - np.clip(plane, 0, 255) / 255))
    return to_bytes(planes)


def noir(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Hard black and white: crushed shadows, slats of light across, grain."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    grey = luminance(image)
    local = cv2.createCLAHE(2.0, (6, 6)).apply(cv2.convertScaleAbs(grey, alpha=255.0))
    tone = smoothstep(0.12, 0.8, local.astype(np.float32) / np.float32(255))
    tone = tone * (np.float32(0.56) + np.float32(0.5) * _slats(rng, height, width, unit))
    tone *= vignette(height, width, strength=0.75)
    tone += np.float32(0.22) * _soft(smoothstep(0.75, 1.0, tone), 14 * unit)
    return to_rgb(tone + np.float32(0.035) * _grain(rng, height, width, unit))


def _slats(rng: np.random.Generator, height: int, width: int, unit: float) -> Field:
    """The light that comes through a venetian blind: slanted bands, 0 to 1, soft at their edges."""
    slope = float(rng.uniform(0.18, 0.34)) * (1 if rng.random() < 0.5 else -1)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(slope)
    y = np.arange(height, dtype=np.float32)[:, None]
    phase = (y + x) / np.float32(104 * unit) + np.float32(rng.uniform(0, 1))
    wave = np.abs((phase % 1) * 2 - 1)
    pool = halo(
        height,
        width,
        x=float(rng.uniform(0.35, 0.65)) * width,
        y=0.4 * height,
        radius_px=520 * unit,
    )
    return np.clip(smoothstep(0.22, 0.42, wave) * (0.35 + 0.9 * pool), 0, 1)
