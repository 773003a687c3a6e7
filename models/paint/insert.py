"""Inserting: the old object erased, and a new one standing where it was."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawing import is_drawing
from models.faults import FaultError, ImgEditError, Reason
from models.geometry import Box, Rgb
from models.paint.erase import Erased, erase
from models.paint.noise import Field
from models.paint.recolour import in_look
from models.painting import Painting, PaintRequest
from models.studio.catalogue import sprite

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


LARGEST = 1.12
"""The new object's sides are at most this many times the old one's."""
SHADOW_DARKNESS = 0.42
FAINTEST_SHADOW = 0.01


def paint_inserted(request: PaintRequest) -> Painting:
    """The target object, in its look, in the place of the masked one and on its ground line.

    Raises:
        FaultError: if the mask is empty or fills the image, the catalogue lacks the target, or the
            vocabulary its look.
    """
    erased = erase(request.image, request.mask, request.grow_px)
    height, width = request.mask.shape
    old = Box.around(request.mask)
    place, object_ = _fitted(request.target.key, old, width, height)
    drawn = is_drawing(request.image)
    if not drawn:
        object_ = settled(object_, request.image, request.seed)
    if request.target.look:
        object_ = in_look(object_, request.target.look, request.seed)
    window = erased.window.union(place.grown(place.height // 8, width=width, height=height))
    canvas = request.image[window.slices].copy()
    canvas[_within(erased.window, window).slices] = erased.rgb
    changed = np.zeros(canvas.shape[:2], np.bool_)
    changed[_within(erased.window, window).slices] = erased.hole
    shade = np.zeros(canvas.shape[:2], np.float32)
    if _stands(erased, drawn=drawn):
        shade = _ground_shadow(object_, _within(place, window), canvas.shape[:2])
    rgb = _composed(canvas, object_, _within(place, window), shade)
    changed |= shade > FAINTEST_SHADOW
    changed[_within(place, window).slices] |= object_[..., 3] > 0
    shown = np.zeros_like(changed)
    shown[_within(place, window).slices] = object_[..., 3] > 127
    box = Box.around(changed)
    return Painting(
        box=Box(box.x0 + window.x0, box.y0 + window.y0, box.x1 + window.x0, box.y1 + window.y0),
        rgb=rgb[box.slices],
        alpha=changed[box.slices],
        subject=shown[box.slices],
    )


def _within(box: Box, window: Box) -> Box:
    return Box(box.x0 - window.x0, box.y0 - window.y0, box.x1 - window.x0, box.y1 - window.y0)


def _fitted(name: str, old: Box, width: int, height: int) -> tuple[Box, NDArray[np.uint8]]:
    """Where the object goes, and its RGBA pixels: as much area as the old box, its own aspect."""
    try:
        probe = sprite(name, 64)
    except ImgEditError as error:
        raise FaultError(Reason.UNPAINTABLE, str(error)) from error
    aspect = probe.shape[1] / probe.shape[0]
    tall = np.sqrt(old.area_px / aspect)
    tall = min(tall, LARGEST * old.height, LARGEST * old.width / aspect, old.y1, width / aspect)
    object_ = sprite(name, max(8, int(tall)))
    rows, cols = object_.shape[:2]
    left = round((old.x0 + old.x1 - cols) / 2)
    left = min(max(left, 0), max(0, width - cols))
    top = max(0, old.y1 - rows)
    box = Box(left, top, left + cols, top + rows).clipped(width, height)
    return box, object_[: box.height, : box.width]


def _stands(erased: Erased, *, drawn: bool) -> bool:
    """Objects of drawings fly where they cast no shadow; those of photographs seldom do."""
    return bool(erased.shadow.any()) or not drawn


def _ground_shadow(
    object_: NDArray[np.uint8], place: Box, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Darkness of the shadow below the object, 0 to 1: an ellipse under its feet."""
    foot = object_[-max(2, object_.shape[0] // 12) :, :, 3] > 127
    cols = np.flatnonzero(foot.any(axis=0))
    left, right = (int(cols[0]), int(cols[-1])) if cols.size else (0, place.width)
    half_px = max(3.0, 0.56 * (right - left), 0.2 * place.width)
    flat_px = max(2.0, min(0.16 * half_px, 0.05 * place.height))
    rows = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(place.y1 - 0.5 * flat_px)
    across = np.arange(shape[1], dtype=np.float32) - np.float32(place.x0 + (left + right) / 2)
    away = (rows / np.float32(1.5 * flat_px)) ** 2 + (across / np.float32(1.15 * half_px)) ** 2
    shade: NDArray[np.float32] = SHADOW_DARKNESS * np.maximum(1 - away, 0) ** np.float32(1.3)
    return shade


def _composed(
    canvas: NDArray[np.uint8], object_: NDArray[np.uint8], place: Box, shade: NDArray[np.float32]
) -> NDArray[np.uint8]:
    ground = canvas * (1 - shade[..., None])
    opacity = object_[..., 3:].astype(np.float32) / 255
    under = ground[place.slices]
    ground[place.slices] = under + opacity * (object_[..., :3] - under)
    untouched = shade <= FAINTEST_SHADOW
    untouched[place.slices] &= object_[..., 3] == 0
    return np.where(untouched[..., None], canvas, (ground + 0.5).astype(np.uint8))
