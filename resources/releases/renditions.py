"""Versions as whole encoded images, the way a release holds them."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from models.colour_profiles import is_srgb
from models.geometry import Rgb
from models.images import decode, read_header
from models.masks import Rle
from models.png_chunks import SIGNATURE, chunks
from resources.releases.bare import bare
from resources.releases.sample import EncodedImage, ImageFormat

WEBP_MAX_SIDE_PX = 16383
"""The largest side that the WebP format can hold."""
WEBP_MAX_PIXELS = 50_000_000
"""Its encoder takes 26 bytes a pixel, and PNG's 4."""

# 4.5 ms and 5.8 kB for each mask of the demo, in place of 17.4 and 13.5 of level 1 by itself.
_MASK_PNG = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)

_UNTOUCHED: dict[str, tuple[ImageFormat, frozenset[str]]] = {
    "JPEG": ("jpeg", frozenset({"RGB", "L"})),
    "PNG": ("png", frozenset({"RGB", "L"})),
    "WEBP": ("webp", frozenset({"RGB"})),
}
"""Formats and modes that every reader decodes to the pixels that `models.images.decode` gives."""


def encode(rgb: Rgb) -> EncodedImage:
    """The image without loss: WebP, or PNG where it is too long or too large for it."""
    height, width = rgb.shape[:2]
    if max(width, height) > WEBP_MAX_SIDE_PX or width * height > WEBP_MAX_PIXELS:
        return EncodedImage.of(_png(rgb), format="png", width=width, height=height)
    return EncodedImage.of(_webp(rgb), format="webp", width=width, height=height)


def as_png(image: EncodedImage) -> EncodedImage:
    """The same pixels as a PNG."""
    if image.format == "png":
        return image
    png = _png(decode(image.payload))
    return EncodedImage.of(png, format="png", width=image.width, height=image.height)


def original(payload: bytes) -> EncodedImage:
    """An image as it came: its own coded pixels without metadata, where every reader sees ours.

    What is turned by EXIF, transparent, animated, of more than 8 bits, CMYK, of another format or
    with a colour profile that is not sRGB's is decoded and encoded without loss.

    Raises:
        FaultError: The bytes do not decode.
    """
    header = read_header(payload)
    known = _UNTOUCHED.get(header.format)
    plain = header.orientation == 1 and header.frames == 1 and not _is_odd_png(payload)
    plain = plain and is_srgb(header.profile)
    if known is None or header.mode not in known[1] or not plain:
        return encode(decode(payload))
    if (stripped := bare(payload, header.format)) is None:
        return encode(decode(payload))
    return EncodedImage.of(stripped, format=known[0], width=header.width, height=header.height)


def union_mask(masks: Sequence[Rle]) -> EncodedImage | None:
    """All masks as one 8-bit PNG, 255 inside and 0 outside; None where there are none."""
    if not masks:
        return None
    union = np.logical_or.reduce([mask.decode() for mask in masks])
    height, width = union.shape
    _, png = cv2.imencode(".png", union.astype(np.uint8) * 255, _MASK_PNG)
    return EncodedImage.of(bytes(png), format="png", width=width, height=height)


def _webp(rgb: Rgb) -> bytes:
    # Method 0 at quality 0, one core, kB and ms for each megapixel: 441 and 52 on studio scenes,
    # 1401 and 34 on photographs; OpenCV's PNG at level 1 718 and 62, 1767 and 66; at level 6 565
    # and 232, 1672 and 484; WebP method 1 401 and 326, 1338 and 191.
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "WEBP", lossless=True, method=0, quality=0)
    return buffer.getvalue()


def _png(rgb: Rgb) -> bytes:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def _is_odd_png(payload: bytes) -> bool:
    """Whether a PNG has other than 8 bits, or names a colour that is transparent."""
    if not payload.startswith(SIGNATURE):
        return False
    return payload[24] != 8 or any(kind == b"tRNS" for kind, _, _ in chunks(payload))
