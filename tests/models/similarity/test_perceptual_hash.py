"""Perceptual hashes tell copies from other pictures."""

import io

import numpy as np
from PIL import Image

from models.geometry import Rgb
from models.images import decode, encode_jpeg
from models.similarity.phash import perceptual_hash

NEAR_DUPLICATE_BITS = 4


def landscape(seed: int) -> Rgb:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((360, 240), Image.Resampling.BICUBIC))


def test_a_recompressed_smaller_copy_is_near() -> None:
    rgb = landscape(1)
    copy = decode(encode_jpeg(np.asarray(Image.fromarray(rgb).resize((180, 120))), 60))
    assert (perceptual_hash(rgb) ^ perceptual_hash(copy)).bit_count() <= NEAR_DUPLICATE_BITS


def test_other_pictures_are_far() -> None:
    hashes = [perceptual_hash(landscape(seed)) for seed in range(8)]
    gaps = [(a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(gaps) > 2 * NEAR_DUPLICATE_BITS


def test_the_hash_is_64_bits_and_the_same_twice() -> None:
    buffer = io.BytesIO()
    Image.fromarray(landscape(3)).save(buffer, "PNG")
    first, second = perceptual_hash(landscape(3)), perceptual_hash(decode(buffer.getvalue()))
    assert first == second
    assert 0 <= first < 2**64
