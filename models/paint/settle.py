"""Making a flat drawing sit in a photograph: roundness, light, colour cast, sharpness and grain."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
from models.paint.noise import Field

LINE_SHADE = np.float32(0.8)
"""Brightness of a former outline, against the colour beside it."""
LINE = 70
"""Outlines of the sprites are darker than this (0 to 255)."""


def settled(sprite: NDArray[np.uint8], image: Rgb, seed: int) -> NDArray[np.uint8]:
    """The RGBA sprite as the photograph's camera might have seen it."""
    colour = _without_lines(sprite)
    modelled = (colour * _modelled(sprite[..., 3])[..., None]).astype(np.float32)
    colour = _graded(modelled, image)
    colour, opacity = _as_sharp(colour, sprite[..., 3], image)
    colour += _grain(image, sprite.shape[:2], seed)[..., None]
    return np.dstack([colour.clip(0, 255), opacity]).round().astype(np.uint8)


def _without_lines(sprite: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The sprite's black outlines in a darker shade of the colour beside them."""
    colour = sprite[..., :3].astype(np.float32)
    line = (colour.max(axis=2) < LINE) & (sprite[..., 3] > 0)
    filled = (sprite[..., 3] > 200) & ~cv2.dilate(line.astype(np.uint8), np.ones((3, 3))).astype(
        bool
    )
    if not filled.any():
        return colour
    away, label = cv2.distanceTransformWithLabels(
        (~filled).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((int(label.max()) + 1, 3), np.float32)
    nearest[label[filled]] = colour[filled]
    thin = away < max(3.0, 0.07 * max(line.shape))
    edge = line | (~filled & (sprite[..., 3] > 0))
    replaced = nearest[label]
    replaced *= np.where(line, LINE_SHADE, np.float32(1))[..., None]
    soft = cv2.GaussianBlur(np.where((edge & thin)[..., None], replaced, colour), (0, 0), 0.8)
    return np.where((edge & thin)[..., None], soft, colour).astype(np.float32)


def _modelled(opacity: NDArray[np.uint8]) -> Field:
    """Brightness factor of a rounded body lit from above and left, about 0.55 to 1.3."""
    solid = np.pad((opacity > 127).astype(np.uint8), 1)
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1]
    size = max(float(depth.max()), 1.0)
    body = np.sqrt(np.clip(depth / size, 0, 1)) * size
    body = cv2.GaussianBlur(body, (0, 0), max(1.0, size / 5))
    slope_x, slope_y = np.gradient(body, axis=1), np.gradient(body, axis=0)
    up = np.float32(1) / np.sqrt(1 + slope_x**2 + slope_y**2)
    light = (0.35 * slope_x + 0.62 * slope_y) * up + 0.70 * up
    fall = np.linspace(1.05, 0.88, opacity.shape[0], dtype=np.float32)[:, None]
    return np.asarray((0.48 + 0.72 * light.clip(0, None)) * fall, np.float32)


def _graded(colour: NDArray[np.float32], image: Rgb) -> NDArray[np.float32]:
    """The colours between the photograph's own black and white, under its colour cast."""
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    low, high = np.percentile(small, (1, 99), axis=0).astype(np.float32)
    # Half way: a photograph without any white in it still shows a white object as nearly white.
    low, high = 0.7 * low, 255 + 0.5 * (high - 255)
    return np.asarray(low + colour * (high - low) / 255, np.float32)


def _as_sharp(
    colour: NDArray[np.float32], opacity: NDArray[np.uint8], image: Rgb
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blurred as much as the photograph's sharpest edges are, 0.5 to 1.6 px."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steepest = float(np.percentile(np.abs(np.diff(grey, axis=1)), 99.5))
    sigma = float(np.clip(48 / max(steepest, 1.0), 0.5, 1.6))
    soft = cv2.GaussianBlur(opacity.astype(np.float32), (0, 0), sigma)
    weight = opacity.astype(np.float32)[..., None] / 255 + np.float32(1e-3)
    spread = cv2.GaussianBlur(colour * weight, (0, 0), sigma)
    norm = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    # Blurring must not raise the edge by more than half, or the object gains a halo.
    faded = np.minimum(soft, opacity.astype(np.float32) + soft / 2)
    return np.asarray(spread / norm, np.float32), np.asarray(faded, np.float32)


def _grain(image: Rgb, shape: tuple[int, int], seed: int) -> Field:
    """Noise as strong as the photograph's: the median deviation of its finest detail."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    # Immerkaer (1996): this filter's response to noise of deviation s has deviation 6 s.
    sigma = float(np.median(np.abs(cv2.filter2D(grey, -1, kernel)))) / 0.6745 / 6
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    noise = cv2.GaussianBlur(white, (0, 0), 0.6)
    return np.asarray(
        noise * np.float32(min(sigma, 6.0) / max(float(noise.std()), 1e-6)), np.float32
    )
