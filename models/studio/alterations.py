"""What a scene looks like after an edit that is done right: rendered, never painted over."""

from collections.abc import Collection
from dataclasses import replace

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.studio.catalogue import named
from models.studio.scene import Scene, visible_masks
from models.studio.scene_object import SceneObject, draw
from models.studio.sprites import aspect
from models.vocabulary import APPEARANCES

_WHITE = 255
_TINY_FRAC, _MOST_SCALE = 0.35, 2.0
"""An object smaller than this share of the canvas is shown enlarged, at most so many times."""


def without(scene: Scene, gone: Collection[int]) -> Scene:
    """The scene without those objects: what they hid appears, and their shadows go with them."""
    kept = tuple(thing for at, thing in enumerate(scene.objects) if at not in gone)
    return replace(scene, objects=kept)


def replaced(scene: Scene, subject: int, name: str) -> Scene:
    """Another object of the catalogue in the subject's place, as large as its box allows."""
    new = replacement(scene.objects[subject], name)
    objects = (*scene.objects[:subject], new, *scene.objects[subject + 1 :])
    return replace(scene, objects=objects)


def replacement(old: SceneObject, name: str) -> SceneObject:
    """The named object on the old one's foot, inside its box."""
    thing = named(name)
    ratio = aspect(thing.codepoint, thing.wear)
    height = max(1, round(min(old.box.height, old.box.width / ratio)))
    width = max(1, round(ratio * height))
    left = (old.box.x0 + old.box.x1 - width) // 2
    box = Box(left, old.box.y1 - height, left + width, old.box.y1)
    return replace(old, name=name, codepoint=thing.codepoint, box=box, wear=thing.wear, action="")


def recoloured(image: Rgb, mask: Bitmap, appearance: str) -> Rgb:
    """The image with the masked object in a colour or material of `models.vocabulary`.

    Its shading is kept: every pixel is the new colour times its own luminance over that of the
    object's lighter parts, so outlines stay black; what is brighter goes towards white.
    """
    pixels = image[mask].astype(np.float32)
    luminance = pixels @ np.asarray((0.2126, 0.7152, 0.0722), np.float32)
    body = luminance[luminance > 40]
    usual = float(np.median(body)) if body.size else 128.0
    shade = (luminance / usual)[:, None]
    colour = np.asarray(APPEARANCES[appearance].rgb, np.float32)[None, :]
    lit = colour + (_WHITE - colour) * np.clip(shade - 1, 0, 0.5)
    result = image.copy()
    result[mask] = np.rint(np.clip(np.where(shade <= 1, colour * shade, lit), 0, 255))
    return result


def alone(scene: Scene, subject: int) -> Rgb:
    """What can be seen of the subject, in the middle of a white canvas as large as the scene."""
    seen = visible_masks(scene)[subject]
    tight = Box.around(seen)
    canvas = np.full((scene.height, scene.width, 3), _WHITE, np.uint8)
    draw(canvas, replace(scene.objects[subject], stands=False))
    canvas[~seen] = _WHITE
    cut = canvas[tight.slices]
    across, down = scene.width / tight.width, scene.height / tight.height
    scale = min(_MOST_SCALE, _TINY_FRAC * min(across, down))
    if scale > 1:
        cut = np.asarray(cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    rows, cols = cut.shape[:2]
    top, left = (scene.height - rows) // 2, (scene.width - cols) // 2
    white = np.full_like(canvas, _WHITE)
    white[top : top + rows, left : left + cols] = cut
    return white
