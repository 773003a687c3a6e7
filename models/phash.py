"""Perceptual hashes: near duplicates differ in few of 64 bits."""

import imagehash
from PIL import Image

from models.geometry import Rgb

NEAR_DUPLICATE_BITS = 4
"""Recompressed or resized copies lie within 4 bits; unrelated photographs near 32."""


def perceptual_hash(rgb: Rgb) -> int:
    """The 64-bit DCT hash of imagehash (`phash`), first bit highest, 0 to 2**64 - 1."""
    return int(str(imagehash.phash(Image.fromarray(rgb))), 16)


def hamming(first: int, second: int) -> int:
    """How many bits differ, 0 to 64."""
    return (first ^ second).bit_count()
