"""Versions of an image: a root's own bytes, then patches pasted in order.

A patch is a box of pixels with a binary alpha. Where alpha is 0 the parent shows through, so
whatever an edit does not claim equals the source to the bit, at native resolution.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.decoded import PICTURES
from models.geometry import Bitmap, Box, Rgb
from models.painting import Painting


class Codec(StrEnum):
    """How a version's payload is stored."""

    SOURCE = "source"
    """A root: the bytes as they came, in whatever format."""
    LOSSLESS = "webp-lossless"
    LOSSY = "webp-lossy"
    """WebP colour at quality 92 with a lossless alpha: for edits with nothing to preserve."""


TILE_PX = 2048
"""Longest side of one WebP of a patch. The format ends at 16,383 px, and a lossy one at 512 kB for
its blocks' modes: noise takes 71 bits for each 16 x 16 px, so 15 megapixels may be too many; a tile
has room for 256."""

LOSSY_QUALITY = 92
# WebP's fastest: at quality 50 it takes twice the time for 2 % less.
LOSSLESS_METHOD, LOSSLESS_QUALITY = 0, 0
LOSSY_METHOD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One edit of an image: a box and its encoded RGBA pixels."""

    box: Box
    codec: Codec
    payload: bytes
    """One WebP, or several that fill the box: side by side until it is wide, then the next row."""

    @classmethod
    def of(cls, painting: Painting, *, lossless: bool) -> Self:
        """Encode a painting, cut down to the pixels it claims.

        Raises:
            ValueError: The painting claims no pixel.
        """
        tight = Box.around(painting.alpha)
        if not tight.area_px:
            msg = "a patch must claim at least one pixel"
            raise ValueError(msg)
        rows, cols = tight.slices
        rgb, alpha = painting.rgb[rows, cols], painting.alpha[rows, cols]
        tiles = (_webp(rgb[at], alpha[at], lossless=lossless) for at in _tiles(tight))
        x0, y0 = painting.box.x0 + tight.x0, painting.box.y0 + tight.y0
        return cls(
            box=Box(x0, y0, x0 + tight.width, y0 + tight.height),
            codec=Codec.LOSSLESS if lossless else Codec.LOSSY,
            payload=b"".join(tiles),
        )

    def paste(self, canvas: Rgb) -> None:
        """Put the claimed pixels onto a canvas, in place.

        Raises:
            ValueError: The payload does not fill the box.
        """
        into = canvas[self.box.slices]
        x = y = 0
        for tile in _webps(self.payload):
            height, width = tile.shape[:2]
            place = into[y : y + height, x : x + width]
            if place.shape[:2] != (height, width):
                # OpenCV would put it into an array of its own.
                raise ValueError(self._unfilled(x, y))
            cv2.copyTo(cv2.cvtColor(tile, cv2.COLOR_RGBA2RGB), cv2.extractChannel(tile, 3), place)
            x += width
            if x >= self.box.width:
                x, y = 0, y + height
        if (x, y) != (0, self.box.height):
            raise ValueError(self._unfilled(x, y))

    def _unfilled(self, x: int, y: int) -> str:
        return f"a patch of {self.box.width} x {self.box.height} px does not go on at {x}, {y}"


def _tiles(box: Box) -> Iterator[tuple[slice, slice]]:
    """Places of the tiles of a patch of a box's size, row by row."""
    for y in range(0, box.height, TILE_PX):
        for x in range(0, box.width, TILE_PX):
            yield slice(y, min(y + TILE_PX, box.height)), slice(x, min(x + TILE_PX, box.width))


def _webp(rgb: Rgb, alpha: Bitmap, *, lossless: bool) -> bytes:
    rgba = np.dstack([rgb, alpha.astype(np.uint8) * 255])
    # Unclaimed pixels cost nothing once they are all alike.
    rgba[~alpha] = 0
    buffer = io.BytesIO()
    image = Image.fromarray(rgba, "RGBA")
    if lossless:
        image.save(buffer, "WEBP", lossless=True, method=LOSSLESS_METHOD, quality=LOSSLESS_QUALITY)
    else:
        image.save(buffer, "WEBP", quality=LOSSY_QUALITY, alpha_quality=100, method=LOSSY_METHOD)
    return buffer.getvalue()


def _webps(payload: bytes) -> Iterator[NDArray[np.uint8]]:
    """The RGBA pixels of files that stand one after the other: a RIFF file states its length."""
    start = 0
    while start < len(payload):
        end = start + 8 + int.from_bytes(payload[start + 4 : start + 8], "little")
        with Image.open(io.BytesIO(payload[start:end])) as image:
            yield np.asarray(image.convert("RGBA"))
        start = end


def render(root: bytes, patches: Iterable[Patch] = ()) -> Rgb:
    """Decode a root and paste its patches in order.

    Raises:
        FaultError: The root does not decode.
    """
    canvas = np.array(PICTURES.pixels(root), order="C")
    for patch in patches:
        patch.paste(canvas)
    return canvas
