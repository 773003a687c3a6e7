"""One object of a scene: what it is, where it is, its pixels and its silhouette."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.studio import sprites
from models.studio.sprites import OPAQUE_FROM, Rgba

_SHADE = 0.3
"""Largest darkening by a shadow, as a share of the ground's brightness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneObject:
    """One object of a scene."""

    name: str
    codepoint: str
    box: Box
    """Its full extent, whether or not something stands before it."""
    flip: bool = False
    stands: bool = True
    """What stands on the ground casts a soft shadow, which is no part of its mask."""
    wear: str = ""
    """Colour of a person's clothes."""
    action: str = ""
    """What a person is doing, as a present participle."""


def draw(image: Rgb, thing: SceneObject, pixels: Rgba | None = None) -> None:
    """Draw one object, with its shadow, onto an image in place.

    Args:
        image: What is drawn onto.
        thing: The object.
        pixels: It, as large as its box; drawn anew if None.
    """
    if thing.stands:
        _cast_shadow(image, thing.box)
    at = thing.box.clipped(image.shape[1], image.shape[0])
    pixels = _inside(pixels_of(thing) if pixels is None else pixels, thing.box, at)
    part = image[at.slices]
    alpha = pixels[..., 3:].astype(np.float32) / 255
    part[:] = np.rint(part + (pixels[..., :3] - part.astype(np.float32)) * alpha)


def pixels_of(thing: SceneObject) -> Rgba:
    """The object's own pixels, RGBA, as large as its box."""
    pixels = sprites.glyph(thing.codepoint, thing.box.height, thing.wear)
    if pixels.shape[1] != thing.box.width:
        size = (thing.box.width, thing.box.height)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return pixels[:, ::-1] if thing.flip else pixels


def _cast_shadow(image: Rgb, box: Box) -> None:
    """Darken the ground at the foot of a box; it reaches below by 1.2 % of the width."""
    height, width = image.shape[:2]
    middle, foot = (box.x0 + box.x1) / 2, box.y1 - 0.018 * box.width
    across, down = 0.47 * box.width, 0.03 * box.width
    at = Box(
        int(middle - across), int(foot - down), int(middle + across) + 1, int(foot + down) + 1
    ).clipped(width, height)
    rows, cols = np.ogrid[at.y0 : at.y1, at.x0 : at.x1]
    distance = ((cols - middle) / across) ** 2 + ((rows - foot) / down) ** 2
    shade = 1 - _SHADE * np.clip(1 - distance, 0, 1)[..., None]
    part = image[at.slices]
    part[:] = np.rint(part * shade)


def silhouette(thing: SceneObject, width: int, height: int) -> Bitmap:
    """The object's whole mask on a canvas of that size, as if nothing stood before it."""
    mask = np.zeros((height, width), np.bool_)
    at = thing.box.clipped(width, height)
    mask[at.slices] = _inside(pixels_of(thing), thing.box, at)[..., 3] >= OPAQUE_FROM
    return mask


def _inside(pixels: Rgba, box: Box, visible: Box) -> Rgba:
    """The part of a box's pixels that lies on the canvas."""
    left, top = visible.x0 - box.x0, visible.y0 - box.y0
    return pixels[top : top + visible.height, left : left + visible.width]
