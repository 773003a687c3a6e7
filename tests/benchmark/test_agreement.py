"""Agreement figures against published values and against their defining properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.agreement import acceptance, spearman, wilson
from models.faults import ImgEditError


def test_wilson_matches_the_published_example() -> None:
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3: 81/263 and 0/20.
    some, none = wilson(81, 263), wilson(0, 20)
    assert (round(some.low, 4), round(some.high, 4)) == (0.2553, 0.3662)
    assert (round(none.low, 4), round(none.high, 4)) == (0.0, 0.1611)


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_holds_its_share_within_bounds(n: int, share: float) -> None:
    found = wilson(round(share * n), n)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


def test_nothing_counted_is_no_number() -> None:
    found = wilson(0, 0)
    assert found.n == 0
    assert np.isnan([found.value, found.low, found.high]).all()


def test_acceptance_counts_by_hand() -> None:
    found = acceptance([True, True, False, False, False], [True, False, True, False, True])
    assert (found.precision.hits, found.precision.n) == (1, 2)
    assert (found.recall.hits, found.recall.n) == (1, 3)


def test_spearman_sees_any_monotonic_relation() -> None:
    x = np.linspace(0, 3, 30)
    found = spearman(x, -np.exp(x))
    assert found.value == pytest.approx(-1)
    assert found.high < -0.99


def test_spearman_interval_covers_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(1)
    # Spearman of a bivariate normal: (6 / pi) asin(r / 2).
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    pairs = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=(400, 60))
    found = [spearman(p[:, 0], p[:, 1]) for p in pairs]
    assert 0.92 <= np.mean([f.low <= truth <= f.high for f in found]) <= 0.98


def test_spearman_leaves_out_unknown_and_refuses_constants() -> None:
    assert spearman([1, 2, np.nan, 4, 5], [1, 2, 3, 4, 5]).n == 4
    assert np.isnan(spearman([1, 1, 1, 1], [1, 2, 3, 4]).value)


def test_unequal_series_are_refused() -> None:
    with pytest.raises(ImgEditError, match="equal length"):
        spearman([1, 2], [1, 2, 3])
