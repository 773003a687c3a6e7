"""Styles built of equal parts: halftone dots, mosaic stones and coarse pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
from models.paint.filters import blur, converted, derivative, resized, to_bytes
from models.paint.noise import Field, smoothstep
from models.paint.styles.tone import (
    ink_lines,
    luminance,
    saturated,
    smoothed,
    unit_px,
)

_POP: tuple[NDArray[np.float32], ...] = tuple(
    np.array(palette, np.float32)
    for palette in (
        ((28, 26, 64), (226, 36, 72), (255, 206, 40), (255, 246, 224)),
        ((24, 24, 30), (0, 120, 200), (255, 96, 140), (255, 240, 90)),
        ((52, 18, 84), (236, 60, 130), (60, 200, 196), (250, 244, 220)),
        ((20, 44, 60), (240, 82, 40), (255, 196, 60), (240, 250, 236)),
    )
)
"""Four flat inks each, from shadow to light."""


def popart(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Four flat inks, a screen of dots between two of them, and a black key line."""
    unit = unit_px(image)
    inks = _POP[rng.integers(len(_POP))]
    calm = smoothed(image, radius_px=30 * unit + 3, strength=50)
    grey = blur(luminance(calm), 1.5 * unit + 0.5)
    dots = _screen(*grey.shape, pitch_px=max(5.0, 13 * unit), angle=float(rng.choice((0.4, 0.785))))
    # Each band is flat in its first half and dotted with the next ink in its second.
    place = grey * np.float32(3)
    band = np.minimum(np.floor(place), 2)
    grow = smoothstep(0.35, 1.0, place - band)
    inked = smoothstep(-0.07, 0.07, grow * np.float32(1.1) - np.float32(0.05) - dots)
    index = band.astype(np.uint8)
    lines = ink_lines(grey, width_px=2.2 * unit, strength=30, least=0.008)
    keep = 1 - np.float32(0.95) * smoothstep(0.2, 0.7, lines)
    planes = []
    for c in range(3):
        low = inks[:3, c][index]
        planes.append((low + (inks[1:, c][index] - low) * inked) * keep)
    return to_bytes(planes)


def _screen(height: int, width: int, *, pitch_px: float, angle: float) -> Field:
    """The threshold of a halftone screen: a dot grows from 0 in its middle to 1 in the corners."""
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(2 * np.pi / pitch_px)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(2 * np.pi / pitch_px)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    wave = np.cos(x * cos + y * sin) + np.cos(y * cos - x * sin)
    return np.float32(0.5) - wave / np.float32(4)


def mosaic(image: Rgb, rng: np.random.Generator) -> Rgb:
    """Cut stones of one colour each, set in pale grout, every one catching the light a little."""
    height, width = image.shape[:2]
    unit = unit_px(image)
    pitch = max(8.0, 16 * unit)
    labels, gap = _stones(rng, height, width, pitch_px=pitch)
    bright = saturated(image, 1.45)
    flat = labels.ravel()
    count = np.maximum(np.bincount(flat), 1)
    tone = rng.normal(1.0, 0.07, count.size)
    lean = rng.normal(0, 0.03, count.size).astype(np.float32)
    # The joint is a ninth of the pitch wide; a stone is rounded over the next third.
    joint = np.float32(0.055 * pitch)
    face = smoothstep(-0.5, 0.7, gap - joint)
    rounded = blur(smoothstep(0, 0.3 * pitch, gap), 0.5 + 0.5 * unit)
    slope = derivative(rounded, 1, 0) + derivative(rounded, 0, 1)
    light = 1 + lean[labels] + np.float32(0.009 * pitch) * slope
    planes = []
    for c, grout in enumerate((150.0, 144.0, 134.0)):
        mean = np.bincount(flat, weights=bright[..., c].ravel()) / count * tone
        stone = mean.astype(np.float32)[labels] * light
        planes.append(np.float32(grout) + (stone - np.float32(grout)) * face)
    return to_bytes(planes)


def _stones(
    rng: np.random.Generator, height: int, width: int, *, pitch_px: float
) -> tuple[NDArray[np.int32], Field]:
    """The number of the stone at each pixel, and the pixel's distance from the nearest joint."""
    rows, cols = int(height / pitch_px) + 2, int(width / pitch_px) + 2
    y = (np.arange(rows)[:, None] + rng.uniform(-0.2, 0.2, (rows, cols))) * pitch_px
    # Every second row is shifted by half a stone, as a mason lays them.
    stagger = 0.5 * (np.arange(rows) % 2)[:, None]
    x = (np.arange(cols)[None, :] + stagger + rng.uniform(-0.2, 0.2, (rows, cols))) * pitch_px
    seeds = np.full((height, width), 255, np.uint8)
    ys, xs = np.round(y).astype(int), np.round(x).astype(int)
    inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
    seeds[ys[inside], xs[inside]] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    joint = np.zeros((height, width), np.bool_)
    joint[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    joint[1:, :] |= labels[1:, :] != labels[:-1, :]
    gap = cv2.distanceTransform((~joint).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(labels, np.int32), np.asarray(gap, np.float32)


_LEAST_BLOCK_PX = 5
"""Smaller blocks read as a blurred photograph."""


def pixel(image: Rgb, rng: np.random.Generator) -> Rgb:
    """About a hundred coarse pixels on the short side, in a palette of twenty-four colours."""
    height, width = image.shape[:2]
    side = max(round(min(height, width) / 108), _LEAST_BLOCK_PX)
    rows, cols = max(2, round(height / side)), max(2, round(width / side))
    vivid = saturated(smoothed(image, radius_px=0.6 * side + 1, strength=40), 1.3)
    small = resized(vivid, (cols, rows), cv2.INTER_AREA)
    palette = _palette(small, rng)
    lab = converted(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    # A checker of half a step mixes two colours of the palette where one is missing.
    checker = (np.indices((rows, cols)).sum(axis=0) % 2).astype(np.float32) - np.float32(0.5)
    lab[..., 0] += 7 * checker
    away = ((lab[:, :, None, :] - palette[None, None]) ** 2).sum(axis=3)
    chosen = palette[away.argmin(axis=2)].round().clip(0, 255).astype(np.uint8)
    coarse = converted(chosen, cv2.COLOR_LAB2RGB)
    large: Rgb = resized(coarse, (width, height), cv2.INTER_NEAREST)
    return large


def _palette(small: Rgb, rng: np.random.Generator) -> NDArray[np.float32]:
    """Twenty-four Lab colours that the image is closest to: k-means from spread-out seeds."""
    lab = converted(small, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    centres = lab[rng.choice(len(lab), size=1)]
    away = ((lab - centres[0]) ** 2).sum(axis=1)
    for _ in range(23):
        # Farthest-point seeds keep small, vivid parts in the palette.
        centres = np.concatenate([centres, lab[[int(away.argmax())]]])
        away = np.minimum(away, ((lab - centres[-1]) ** 2).sum(axis=1))
    for _ in range(5):
        nearest = ((lab[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        count = np.bincount(nearest, minlength=24)
        for c in range(3):
            total = np.bincount(nearest, weights=lab[:, c], minlength=24)
            centres[:, c] = np.where(count > 0, total / np.maximum(count, 1), centres[:, c])
    return centres
