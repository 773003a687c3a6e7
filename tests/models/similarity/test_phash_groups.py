"""Groups and nearest hashes are those of comparing everything with everything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.similarity.phash import groups, nearest

Hashes = NDArray[np.uint64]


@st.composite
def clustered(draw: st.DrawFn) -> Hashes:
    """Hashes near a few centres: chains, ties and copies are frequent."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3))
    flips = st.lists(st.integers(0, 63), max_size=6)
    members = draw(st.lists(st.tuples(st.sampled_from(centres), flips), max_size=40))
    found = [centre ^ sum(1 << bit for bit in set(bits)) for centre, bits in members]
    return np.array(found, np.uint64)


def grouped_by_hand(hashes: Hashes, max_bits: int) -> list[int]:
    groups: list[int] = []
    for i, one in enumerate(hashes.tolist()):
        kept = (j for j in range(i) if groups[j] == j)
        near = (j for j in kept if (one ^ int(hashes[j])).bit_count() <= max_bits)
        groups.append(next(near, i))
    return groups


@given(clustered(), st.integers(0, 10) | st.sampled_from([32, 63, 64]))
def test_groups_are_those_of_comparing_each_with_all(hashes: Hashes, max_bits: int) -> None:
    assert groups(hashes, max_bits).tolist() == grouped_by_hand(hashes, max_bits)


def test_a_chain_is_cut_at_each_kept_hash() -> None:
    # Each is 3 bits from the next: the third is far from the first, which alone is kept so far.
    chain = np.array([0b0, 0b111, 0b111111, 0b111111111], np.uint64)
    assert groups(chain, 3).tolist() == [0, 0, 2, 2]


def test_many_equal_hashes_cost_no_more_than_one() -> None:
    hashes = np.full(1_000_000, 7, np.uint64)
    hashes[500_000] = 2**64 - 1
    found = groups(hashes, 4)
    assert np.flatnonzero(found == np.arange(len(hashes))).tolist() == [0, 500_000]


@given(clustered(), clustered().filter(lambda others: others.size > 0))
def test_nearest_is_the_first_of_the_fewest_bits(hashes: Hashes, others: Hashes) -> None:
    bits, indices = nearest(hashes, others)
    for one, n, i in zip(hashes.tolist(), bits, indices, strict=True):
        apart = [(one ^ other).bit_count() for other in others.tolist()]
        assert (n, i) == (min(apart), apart.index(min(apart)))


def test_no_hashes_have_no_groups() -> None:
    nothing = np.zeros(0, np.uint64)
    assert groups(nothing, 4).size == 0
    assert nearest(nothing, np.zeros(1, np.uint64))[0].size == 0
