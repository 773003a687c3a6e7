"""Images from bytes: the header without pixels, then upright 8-bit sRGB whatever came in."""

import io
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import simplejpeg
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from models.colour_profiles import colour_kind, profile_kind, to_rgb, to_srgb, upright
from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.png_chunks import without_texts

MAX_PIXELS = 100_000_000
"""Images of more pixels are refused before any is decoded: 300 MB of RGB, above every camera."""

READ_SUFFIXES: dict[str, str] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
    ".jp2": "JPEG2000",
    ".j2k": "JPEG2000",
    ".jpc": "JPEG2000",
    ".jpf": "JPEG2000",
    ".jpx": "JPEG2000",
}
"""Suffixes, in small letters, of the formats that are read. A file is what its bytes say."""

UNREAD_SUFFIXES: dict[str, str] = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".hif": "HEIC",
    ".jxl": "JPEG XL",
}
"""Suffixes of photographs whose format is known and not read: to be listed and rejected."""

_ORIENTATION_TAG = 0x0112
_SIDEWAYS = frozenset({5, 6, 7, 8})

# Only these are opened: Pillow knows forty more, some of which start other programs. The classes
# are called rather than `Image.open`, whose pixel limit is a global setting and a mere warning.
_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
}
_MAGIC: tuple[tuple[str, bytes], ...] = (
    ("JPEG", b"\xff\xd8\xff"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),
    ("TIFF", b"MM\0+"),
    ("JPEG2000", b"\xff\x4f\xff\x51"),
    ("JPEG2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
    *(("PPM", b"P%d%c" % (kind, space)) for kind in range(1, 7) for space in b" \t\r\n"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_JXL_MAGIC = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_SHORT_MAGIC = frozenset({"BMP", "PPM"})
"""Two letters begin these, and many a text; the other signatures occur by design only."""
# What Pillow's parsers and decoders raise on bytes they cannot follow.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    EOFError,
    IndexError,
    TypeError,
    AssertionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """What an image says of itself. Width and height are those of the upright image."""

    width: int
    height: int
    format: str
    mode: str
    """Pillow's name of the stored pixels: "RGB", "CMYK", "I;16"."""
    frames: int
    orientation: int
    """EXIF orientation, 1 to 8; 1 is upright."""
    profile: bytes = field(repr=False)
    """The ICC profile of its kind of pixels; empty where it has none (`models.colour_profiles`)."""

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def short_side_px(self) -> int:
        """The smaller of width and height."""
        return min(self.width, self.height)


def read_header(data: bytes) -> ImageHeader:
    """Read size, format, mode, frames and orientation; no pixel is decoded.

    Raises:
        FaultError: EMPTY_FILE, NOT_AN_IMAGE or TRUNCATED.
    """
    return _open(data)[1]


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Rgb:
    """The first frame, upright, as 8-bit sRGB; what is transparent lies on white.

    Raises:
        FaultError: EMPTY_FILE, NOT_AN_IMAGE, TRUNCATED or DECOMPRESSION_BOMB.
    """
    image, header = _open(data, max_pixels=max_pixels)
    return _pixels(data, image, header, min_side_px=0)


def decode_reduced(data: bytes, short_side_px: int, *, max_pixels: int = MAX_PIXELS) -> Rgb:
    """The image shrunk to a short side in pixels; a smaller image keeps its size.

    A JPEG is scaled inside its decoder, down to an eighth, before the exact resize.

    Raises:
        FaultError: EMPTY_FILE, NOT_AN_IMAGE, TRUNCATED or DECOMPRESSION_BOMB.
    """
    image, header = _open(data, max_pixels=max_pixels)
    rgb = _pixels(data, image, header, min_side_px=short_side_px)
    return _shrunk(rgb, short_side_px / header.short_side_px, header)


def thumbnail(rgb: Rgb, long_side_px: int) -> Rgb:
    """The image shrunk by area averaging to a long side in pixels; never enlarged."""
    height, width = rgb.shape[:2]
    factor = long_side_px / max(width, height)
    return rgb if factor >= 1 else _resized(rgb, width * factor, height * factor)


def encode_jpeg(rgb: Rgb, quality: int = 85) -> bytes:
    """A JPEG for looking at: 4:2:0, quality 1 to 100."""
    pixels = np.ascontiguousarray(rgb)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorsubsampling="420"))


def _open(data: bytes, *, max_pixels: int | None = None) -> tuple[Image.Image, ImageHeader]:
    if not data:
        raise FaultError(Reason.EMPTY_FILE, "the file has 0 bytes")
    name = _format(data)
    if name is None:
        raise FaultError(Reason.NOT_AN_IMAGE, _unread(data))
    if name == "WEBP":
        _check_size(*_webp_canvas(data), max_pixels)
    if name == "PNG":
        # Pillow refuses a good picture for the length of what is written beside it.
        data = without_texts(data)
    try:
        image = _OPENERS[name](io.BytesIO(data))
        header = _header(image, name)
    except Image.DecompressionBombError as error:
        raise FaultError(Reason.DECOMPRESSION_BOMB, f"{name}: {error}") from error
    except _UNREADABLE as error:
        reason = Reason.NOT_AN_IMAGE if name in _SHORT_MAGIC else Reason.TRUNCATED
        raise FaultError(reason, f"{name} header in {len(data)} bytes: {error}") from error
    _check_size(header.width, header.height, max_pixels)
    return image, header


def _format(data: bytes) -> str | None:
    for name, magic in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    # The brands of the first box; HEIC has the same box without these two.
    if data[4:8] == b"ftyp" and (b"avif" in data[8:64] or b"avis" in data[8:64]):
        return "AVIF"
    return None


def _unread(data: bytes) -> str:
    """Why bytes of no format that is read are refused, with the remedy where one is known."""
    heic = data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS
    if heic or data.startswith(_JXL_MAGIC):
        return f"{'HEIC' if heic else 'JPEG XL'} is not read: convert the file to JPEG or PNG"
    return f"starts with {data[:12]!r}, no known image format"


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP's first chunk: Pillow allocates the canvas as it opens one."""
    if len(data) < 30:
        raise FaultError(Reason.TRUNCATED, f"WEBP header of {len(data)} bytes")
    if data[12:16] == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _check_size(width: int, height: int, max_pixels: int | None) -> None:
    if max_pixels is not None and width * height > max_pixels:
        detail = f"{width} x {height} = {width * height} pixels, more than the {max_pixels} allowed"
        raise FaultError(Reason.DECOMPRESSION_BOMB, detail)


def _header(image: Image.Image, name: str) -> ImageHeader:
    width, height = image.size
    orientation = _orientation(image, name)
    if width <= 0 or height <= 0:
        msg = f"size {width} x {height}"
        raise ValueError(msg)
    # Pillow turns a TIFF by itself and gives the size after turning.
    if orientation in _SIDEWAYS and name != "TIFF":
        width, height = height, width
    return ImageHeader(
        width=width,
        height=height,
        format=name,
        mode=image.mode,
        frames=1 if name == "JPEG" else int(getattr(image, "n_frames", 1)),
        orientation=orientation,
        profile=_profile(image),
    )


def _profile(image: Image.Image) -> bytes:
    profile = image.info.get("icc_profile")
    # A TIFF's may be stored as words or as numbers.
    if not isinstance(profile, bytes) or profile_kind(profile) != colour_kind(image.mode):
        return b""
    return profile


def _orientation(image: Image.Image, name: str) -> int:
    # Parsing EXIF takes as long as the rest of the header, and most images have none.
    if name != "TIFF" and image.info.keys().isdisjoint({"exif", "Raw profile type exif", "xmp"}):
        return 1
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _pixels(data: bytes, image: Image.Image, header: ImageHeader, *, min_side_px: int) -> Rgb:
    if header.format == "JPEG" and header.mode in {"RGB", "L"}:
        rgb = _fast_jpeg(data, header, min_side_px)
        if rgb is not None:
            return upright(to_srgb(rgb, header.profile), header.orientation)
    if data[12:16] == b"VP8L" and header.mode == "RGB":
        # OpenCV takes half of Pillow's time; what it does not read, Pillow judges.
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if bgr is not None:
            return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    try:
        rgb = to_rgb(image, header.profile)
    except _UNREADABLE as error:
        detail = f"{header.format} {header.width} x {header.height}, {len(data)} bytes: {error}"
        raise FaultError(Reason.TRUNCATED, detail) from error
    return rgb if header.format == "TIFF" else upright(rgb, header.orientation)


def _fast_jpeg(data: bytes, header: ImageHeader, min_side_px: int) -> Rgb | None:
    """Decode with libjpeg-turbo; None where it sees anything odd, which Pillow then judges."""
    factor = min_side_px / header.short_side_px
    stored = (header.width, header.height)
    width, height = stored[::-1] if header.orientation in _SIDEWAYS else stored
    try:
        return np.asarray(
            simplejpeg.decode_jpeg(
                data,
                "RGB",
                min_width=math.ceil(width * factor) if factor < 1 else 0,
                min_height=math.ceil(height * factor) if factor < 1 else 0,
            )
        )
    except ValueError:
        return None


def _shrunk(rgb: Rgb, factor: float, header: ImageHeader) -> Rgb:
    if factor >= 1:
        return rgb
    return _resized(rgb, header.width * factor, header.height * factor)


def _resized(rgb: Rgb, width: float, height: float) -> Rgb:
    size = (max(1, round(width)), max(1, round(height)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
