"""Every pixel mode that Pillow opens, turned into upright 8-bit RGB."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.colour_profiles import inks_to_srgb, to_srgb
from models.geometry import Rgb

_WHITE = (255, 255, 255, 255)
_DEEP = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})
_FLIP = {2: 1, 3: -1, 4: 0}
"""`cv2.flip` codes of the EXIF orientations that keep width and height."""
_TURN = {6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}


def colour_kind(mode: str) -> str:
    """The kind of colour profile that pixels of a mode take: "L", "CMYK" or "RGB"."""
    if mode in _DEEP or mode in {"1", "L", "LA", "La"}:
        return "L"
    return "CMYK" if mode == "CMYK" else "RGB"


def to_rgb(image: Image.Image, profile: bytes = b"") -> Rgb:
    """Decode the current frame to sRGB as stored (not yet upright).

    Transparency is laid on white. 16-bit values keep their high byte; 32-bit and float ones are
    scaled by the range they use (see `deep_to_grey`). CMYK goes by its colour profile, or by
    Pillow's plain conversion where it has none.
    """
    if image.mode == "CMYK" and (printed := inks_to_srgb(image, profile)) is not None:
        return np.array(printed)
    return to_srgb(_plain_rgb(image), profile)


def _plain_rgb(image: Image.Image) -> Rgb:
    if image.mode in _DEEP:
        grey = deep_to_grey(np.asarray(image))
        return np.ascontiguousarray(np.broadcast_to(grey[..., None], (*grey.shape, 3)))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, _WHITE)
        return np.array(Image.alpha_composite(paper, layer).convert("RGB"))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def deep_to_grey(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey of more than 8 bits to 8 bits.

    16-bit integers are over 65535. Anything else takes the smallest usual white point that holds
    its maximum (1, 255, 65535), or the maximum itself; negative and undefined values are black.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return (values.astype(np.uint16) >> 8).astype(np.uint8)
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(numbers.max(initial=0.0))
    usual = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (65535.0,)
    white = next((w for w in usual if top <= w), top)
    return np.rint(np.clip(numbers / white, 0.0, 1.0) * 255.0).astype(np.uint8)


def upright(rgb: Rgb, orientation: int) -> Rgb:
    """Undo an EXIF orientation, 1 to 8."""
    if orientation in _FLIP:
        rgb = np.asarray(cv2.flip(rgb, _FLIP[orientation]), dtype=np.uint8)
    elif orientation in _TURN:
        rgb = np.asarray(cv2.rotate(rgb, _TURN[orientation]), dtype=np.uint8)
    elif orientation == 5:
        rgb = np.ascontiguousarray(rgb.transpose(1, 0, 2))
    elif orientation == 7:
        rgb = np.ascontiguousarray(rgb[::-1, ::-1].transpose(1, 0, 2))
    return rgb
