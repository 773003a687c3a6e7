"""Brings a result to the size of its source, by one rule.

Editors round sides to multiples of 8 or 16, or work at a size of their own. A result of the
source's aspect, to 3 % (half of 16 px on each side of 512 px), is scaled to the source's size; one
of another aspect was cropped or extended, and is none of the source's frame. Only an object that
was taken out of it has no frame: it is put on a white canvas, in the middle.
"""

import cv2
import numpy as np

from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.images import decode, read_header
from resources.releases.renditions import encode

MAX_ASPECT_ERROR = 0.03


def fit(
    target: bytes, width: int, height: int, *, max_pixels: int, alone: bool = False
) -> tuple[bytes, str]:
    """A result at a size in px, and the size that it came in, `904x678`; "" where that is the same.

    Args:
        target: The result's bytes.
        width: Of the source.
        height: Of the source.
        max_pixels: The most of a result that is decoded.
        alone: Whether it shows an object alone on white.

    Raises:
        FaultError: BAD_ROW for another aspect; DECOMPRESSION_BOMB for more than `max_pixels`.
    """
    had = read_header(target)
    if (had.width, had.height) == (width, height):
        return target, ""
    other_aspect = abs(had.width * height / (had.height * width) - 1) > MAX_ASPECT_ERROR
    if other_aspect and not alone:
        detail = (
            f"source {width}x{height}, target {had.width}x{had.height}: their aspects differ by "
            f"more than {MAX_ASPECT_ERROR:.0%}"
        )
        raise FaultError(Reason.BAD_ROW, detail)
    rgb = decode(target, max_pixels=max_pixels)
    if other_aspect:
        rgb = _on_white(rgb, width, height)
    shrinks = rgb.shape[0] * rgb.shape[1] > width * height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    scaled = cv2.resize(rgb, (width, height), interpolation=way)
    return encode(np.asarray(scaled, np.uint8)).payload, f"{had.width}x{had.height}"


def _on_white(rgb: Rgb, width: int, height: int) -> Rgb:
    """An object on a canvas of a size, in the middle, made smaller where it does not fit."""
    factor = min(1.0, width / rgb.shape[1], height / rgb.shape[0])
    size = (max(1, int(rgb.shape[1] * factor)), max(1, int(rgb.shape[0] * factor)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    canvas = np.full((height, width, 3), 255, np.uint8)
    x0, y0 = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y0 : y0 + size[1], x0 : x0 + size[0]] = small
    return canvas
