"""Comparing pixels in fewer passes gives what NumPy's plain words for it give."""

import numpy as np
import pytest

from models.geometry import differing, lengths


def test_pixels_that_differ_in_any_channel_are_told() -> None:
    one = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    two = one.copy()
    two[2, 3, 0] ^= 1
    two[4, 5] += 1
    assert np.array_equal(differing(one, two), (one != two).any(axis=2))
    assert not differing(one, one).any()


@pytest.mark.parametrize("width", [2, 3])
def test_lengths_are_those_of_each_pixel_s_vector(width: int) -> None:
    vectors = np.random.default_rng(2).normal(size=(5, 6, width)).astype(np.float32)
    assert lengths(vectors) == pytest.approx(np.linalg.norm(vectors, axis=2), rel=1e-6)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (4, 0)])
def test_of_nothing_there_is_nothing(size: tuple[int, int]) -> None:
    """The box around an empty mask, for one."""
    none = np.zeros((*size, 3), np.uint8)
    assert differing(none, none).shape == size
    assert lengths(none.astype(np.float32)).shape == size
