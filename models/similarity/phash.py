"""Perceptual hashes, and which are within some bits of each other: exact, quick for millions.

Recompressed or resized copies of an image lie within 4 of 64 bits; unrelated photographs near 32.
"""

from collections.abc import Iterator
from itertools import combinations

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.geometry import Rgb

HASH_BITS = 64

HASHED_SHORT_SIDE_PX = 512
"""Images are reduced to this before they are hashed, so that hashes from anywhere compare."""

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

_PAIRS_AT_ONCE = 1 << 22
"""Comparisons of one NumPy call: 32 MB of differences."""


def perceptual_hash(rgb: Rgb) -> int:
    """The 64-bit DCT hash of imagehash (`phash`), first bit highest, 0 to 2**64 - 1."""
    return int(str(imagehash.phash(Image.fromarray(rgb))), 16)


def groups(hashes: Hashes, max_bits: int) -> Indices:
    """The first earlier hash within some bits of each, or its own index where there is none.

    Taken in order: a hash that is near a kept one is not kept, and nothing is compared with it.
    Seconds for a million hashes up to about 6 bits. Memory grows with the number of near pairs.

    Args:
        hashes: 64-bit hashes, the ones to prefer first.
        max_bits: Two hashes that differ in this many bits, or fewer, are near.
    """
    # Equal hashes share a fate, so only distinct ones are compared, in the order of their first.
    distinct, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    anchors = np.arange(len(order))
    for later, earlier in _greedy(distinct[order], max_bits).items():
        anchors[later] = earlier
    kept_first: Indices = first[order][anchors]
    return kept_first[rank[which]].astype(np.int64)


def nearest(hashes: Hashes, others: Hashes) -> tuple[NDArray[np.int64], Indices]:
    """For each hash the fewest bits that it differs in from any other, and that other's index.

    Every hash is compared with every other; of equally near ones the first is given.

    Args:
        hashes: 64-bit hashes.
        others: The hashes to look among, at least one.
    """
    bits = np.empty(len(hashes), np.int64)
    indices = np.empty(len(hashes), np.int64)
    step = max(1, _PAIRS_AT_ONCE // len(others))
    for start in range(0, len(hashes), step):
        some = slice(start, start + step)
        apart = np.bitwise_count(hashes[some, None] ^ others)
        indices[some] = apart.argmin(axis=1)
        bits[some] = apart.min(axis=1)
    return bits, indices


def _greedy(distinct: Hashes, max_bits: int) -> dict[int, int]:
    """For each hash that is near an earlier kept one, the first such."""
    pairs = np.sort(np.concatenate([np.empty(0, np.uint64), *_near_pairs(distinct, max_bits)]))
    pairs = pairs[np.diff(pairs, prepend=np.uint64(0)) > 0]
    near: dict[int, int] = {}
    later, earlier = (pairs >> np.uint64(32)).tolist(), (pairs & np.uint64(2**32 - 1)).tolist()
    for one, other in zip(later, earlier, strict=True):
        if one not in near and other not in near:
            near[one] = other
    return near


def _near_pairs(hashes: Hashes, max_bits: int) -> Iterator[NDArray[np.uint64]]:
    """All near pairs, as `later << 32 | earlier` of their indices; some come more than once.

    Of `max_bits + 2` bands of bits, near hashes share two whole ones at least (the pigeonhole
    principle). So for each two bands, hashes are compared only with those that share both.
    """
    for bands in combinations(_bands(max_bits + 2), 2):
        keys = hashes & np.bitwise_or.reduce(np.array(bands))
        order = np.argsort(keys)
        yield from _pairs_of_equal_keys(keys[order], hashes[order], order, max_bits)


def _bands(n: int) -> list[np.uint64]:
    """Bit masks that share out the bits evenly; neighbours, which go together, are spread."""
    n = min(n, HASH_BITS + 2)
    return [np.uint64(sum(1 << bit for bit in range(band, HASH_BITS, n))) for band in range(n)]


def _pairs_of_equal_keys(
    keys: Hashes, hashes: Hashes, order: Indices, max_bits: int
) -> Iterator[NDArray[np.uint64]]:
    """Near pairs within runs of equal keys: each with its next, its next but one, and so on."""
    ends = np.searchsorted(keys, keys, side="right")
    here = np.arange(len(keys))
    gap = 1
    while (here := here[here + gap < ends[here]]).size:
        there = here + gap
        near = np.bitwise_count(hashes[here] ^ hashes[there]) <= max_bits
        if near.any():
            one, other = order[here[near]], order[there[near]]
            later, earlier = np.maximum(one, other), np.minimum(one, other)
            yield (later << 32 | earlier).astype(np.uint64)
        gap += 1
