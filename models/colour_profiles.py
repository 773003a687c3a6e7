"""Colour profiles: every picture's pixels become sRGB, the working space, as they are decoded.

An ICC profile that stands in the file is applied, by relative colorimetric intent with black point
compensation. Pixels without one are sRGB. So are those of a profile that is broken, is larger than
`MAX_PROFILE_BYTES`, is of another kind of pixels than the image's, or maps every colour to within
one level of itself. What other ways a file has to state its colours are not read, as loaders of
data sets do not: PNG's gAMA, cHRM and cICP, AVIF's nclx, EXIF's ColorSpace, and HDR.
"""

import io
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from models.geometry import Rgb

MAX_PROFILE_BYTES = 4_000_000
"""Printers' profiles, the largest, have 0.5 to 3 MB."""

STRIP_PX = 4_000_000
"""Pixels converted at once: a picture of 100 megapixels would be in memory three times."""

_SRGB = ImageCms.createProfile("sRGB")
_KINDS = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Pillow's modes of the colour spaces that ICC profiles name."""


def to_srgb(rgb: Rgb, profile: bytes) -> Rgb:
    """Pixels of an RGB or a grey profile as sRGB; those that are sRGB already are given back."""
    kind = profile_kind(profile)
    transform = _transform(profile) if kind in {"RGB", "L"} else None
    if transform is None:
        return rgb
    height, width = rgb.shape[:2]
    out = np.empty_like(rgb)
    rows = max(1, STRIP_PX // width)
    for y in range(0, height, rows):
        strip = rgb[y : y + rows, :, 0] if kind == "L" else rgb[y : y + rows]
        image = Image.fromarray(np.ascontiguousarray(strip), kind)
        out[y : y + rows] = np.asarray(transform.apply(image))
    return out


def inks_to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """A CMYK image as sRGB by its profile; None where it has none that is of use."""
    transform = _transform(profile) if profile_kind(profile) == "CMYK" else None
    return None if transform is None else transform.apply(image)


def is_srgb(profile: bytes) -> bool:
    """Whether pixels with this profile, empty for none, are sRGB as they are stored."""
    return _transform(profile) is None


def profile_kind(profile: bytes) -> str | None:
    """The mode of the pixels that a profile is for; None where it is none."""
    return _KINDS.get(profile[16:20].decode("latin-1"))


@lru_cache(maxsize=32)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """What makes sRGB of a profile's pixels; None where they are left as they are."""
    kind = profile_kind(profile)
    if kind is None or len(profile) > MAX_PROFILE_BYTES:
        return None
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            _SRGB,
            kind,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return transform if kind == "CMYK" or _changes(transform, kind) else None


def _changes(transform: ImageCms.ImageCmsTransform, kind: str) -> bool:
    """Whether any colour of a lattice moves by more than a level."""
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    if kind == "L":
        given = np.arange(256, dtype=np.uint8)[None]
        wanted = np.repeat(given[..., None], 3, axis=2)
    else:
        given = wanted = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    got = np.asarray(transform.apply(Image.fromarray(np.ascontiguousarray(given), kind)))
    return bool(np.abs(got.astype(np.int16) - wanted).max() > 1)


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
