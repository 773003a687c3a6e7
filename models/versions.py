"""Versions of an image: a root's own bytes, then patches pasted in order.

A patch is a box of pixels with a binary alpha. Where alpha is 0 the parent shows through, so
whatever an edit does not claim equals the source to the bit, at native resolution.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from PIL import Image

from models.geometry import Bitmap, Box, Rgb
from models.images import decode
from models.paint.base import Painting


class Codec(StrEnum):
    """How a version's payload is stored."""

    SOURCE = "source"
    """A root: the bytes as they came, in whatever format."""
    LOSSLESS = "webp-lossless"
    LOSSY = "webp-lossy"
    """WebP colour at quality 92 with a lossless alpha: for edits with nothing to preserve."""


LOSSY_QUALITY = 92
# WebP's fastest methods: a 1024 x 1536 lossless patch encodes in 190 ms where PNG takes 400.
LOSSLESS_METHOD = 0
LOSSY_METHOD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One edit of an image: a box and its encoded RGBA pixels."""

    box: Box
    codec: Codec
    payload: bytes

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
        alpha = painting.alpha[rows, cols]
        rgba = np.dstack([painting.rgb[rows, cols], alpha.astype(np.uint8) * 255])
        # Unclaimed pixels cost nothing once they are all alike.
        rgba[~alpha] = 0
        buffer = io.BytesIO()
        image = Image.fromarray(rgba, "RGBA")
        if lossless:
            image.save(buffer, "WEBP", lossless=True, method=LOSSLESS_METHOD, quality=50)
        else:
            image.save(
                buffer, "WEBP", quality=LOSSY_QUALITY, alpha_quality=100, method=LOSSY_METHOD
            )
        x0, y0 = painting.box.x0 + tight.x0, painting.box.y0 + tight.y0
        return cls(
            box=Box(x0, y0, x0 + tight.width, y0 + tight.height),
            codec=Codec.LOSSLESS if lossless else Codec.LOSSY,
            payload=buffer.getvalue(),
        )

    def pixels(self) -> tuple[Rgb, Bitmap]:
        """The patch's pixels and which of them it claims, both of the box's size."""
        with Image.open(io.BytesIO(self.payload)) as image:
            rgba = np.asarray(image.convert("RGBA"))
        return rgba[..., :3], rgba[..., 3] == 255

    def paste(self, canvas: Rgb) -> None:
        """Put the claimed pixels onto a canvas, in place."""
        rgb, alpha = self.pixels()
        np.copyto(canvas[self.box.slices], rgb, where=alpha[..., None])


def render(root: bytes, patches: Iterable[Patch] = ()) -> Rgb:
    """Decode a root and paste its patches in order.

    Raises:
        FaultError: The root does not decode.
    """
    canvas = np.array(decode(root), order="C", copy=True)
    for patch in patches:
        patch.paste(canvas)
    return canvas
