"""An image file without what it says beside its pixels, which stay as they are to the bit.

Place and camera (EXIF), XMP, IPTC, makers' notes, embedded thumbnails, texts, comments, colour
profiles, and all that stands after the image: a phone's video, a second picture.
"""

import re
from collections.abc import Iterator

from models.png_chunks import with_chunks

_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})

_EOI, _SOS, _COM, _APP0, _APP14 = 0xD9, 0xDA, 0xFE, 0xE0, 0xEE
_APPS = range(0xE0, 0xF0)
_BARE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a length, of which none belongs between segments."""
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker that ends entropy-coded data: stuffed bytes and restart markers belong to it."""


def bare(payload: bytes, format: str) -> bytes | None:
    """A JPEG, PNG or WebP without metadata; None where its parts cannot be told apart.

    Its orientation and its colour profile go too, so a file that needs either must be decoded.
    """
    try:
        match format:
            case "JPEG":
                return b"".join(_jpeg_parts(payload))
            case "PNG":
                return with_chunks(payload, lambda kind, _: kind in _PIXEL_CHUNKS)
            case "WEBP":
                return _webp(payload)
    except (IndexError, ValueError):
        return None
    return None


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    """The segments that decoding needs, and the scans."""
    yield data[:2]
    at = 2
    while True:
        at, marker = _marker(data, at)
        if marker in _BARE_MARKERS:
            msg = f"marker {marker:02x} outside of a scan"
            raise ValueError(msg)
        if marker == _EOI:
            yield b"\xff\xd9"
            return
        end = at + int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : end]
        if marker == _SOS:
            found = _AFTER_SCAN.search(data, end)
            end = found.start() if found else len(data)
            yield b"\xff\xda" + data[at:end]
            if not found:
                # Cut off without an end marker, which decoders put up with.
                return
        elif kept := _kept(marker, body):
            yield b"\xff" + bytes([marker]) + (len(kept) + 2).to_bytes(2, "big") + kept
        at = end


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Where a segment's length stands, and its marker, which bytes of 0xFF may precede."""
    if data[at] != 0xFF:
        msg = f"no marker at {at}"
        raise ValueError(msg)
    while data[at] == 0xFF:
        at += 1
    return at + 1, data[at]


def _kept(marker: int, body: bytes) -> bytes:
    """What stays of a segment; empty where it goes."""
    if marker == _APP0 and body.startswith(b"JFIF\0"):
        # Version and density; the thumbnail that may follow is a picture of its own.
        return body[:12] + b"\0\0"
    if marker == _APP14 and body.startswith(b"Adobe"):
        # Says how colours are coded.
        return body[:12]
    return b"" if marker in _APPS or marker == _COM else body


def _webp(data: bytes) -> bytes:
    """The one chunk of pixels in the simple container; without it, ValueError."""
    at = 12
    while data[at : at + 4] not in {b"VP8 ", b"VP8L"}:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        if at + 8 > len(data):
            msg = "no pixels"
            raise ValueError(msg)
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    chunk = data[at : at + 8 + size] + b"\0" * (size % 2)
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk
