"""Agreement of grades against published values, and against counting by hand."""

import numpy as np
import pytest

from benchmark.ordinal import (
    bias,
    exact,
    kendall,
    krippendorff_alpha,
    pair_accuracy,
    quadratic_kappa,
    within,
)

NONE = float("nan")


def test_alpha_is_that_of_the_published_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section E: interval data.
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
    assert krippendorff_alpha(table) == pytest.approx(0.849, abs=5e-4)
    assert np.isnan(krippendorff_alpha([[5, 5, 5], [5, 5, 5]]))
    assert np.isnan(krippendorff_alpha([[1, NONE], [NONE, 2]]))


def test_shares_count_a_difference_of_just_one_point_and_round_halves_upwards() -> None:
    scores, truth = [3.3, 4.5, 1.0, 2.0], [4.3, 5.0, 3.0, 2.4]
    assert (within(scores, truth).hits, within(scores, truth).n) == (3, 4)
    assert exact(scores, truth).hits == 2
    assert bias(scores, truth) == pytest.approx(-(1 + 0.5 + 2 + 0.4) / 4)


def test_kappa_and_tau_follow_the_order_and_say_nothing_of_a_judge_that_says_one_thing() -> None:
    truth = [1, 2, 3, 4, 5]
    assert [quadratic_kappa(truth, truth), kendall(truth, truth)] == pytest.approx([1, 1])
    assert [quadratic_kappa(truth[::-1], truth), kendall(truth[::-1], truth)] == pytest.approx(
        [-1, -1]
    )
    assert quadratic_kappa([3] * 5, truth) == 0
    assert np.isnan(kendall([3] * 5, truth))


def test_pairs_count_ties_as_wrong_as_half_and_with_the_best_epsilon() -> None:
    scores, truth = [1.0, 2.0, 2.0, 2.1], [1, 2, 3, 3]
    found = pair_accuracy(scores, truth, groups=[0] * 4)
    # Five ordered pairs: three from the first, one tie, one right by a tenth; one pair is equal.
    assert found.n == 5
    assert found.ties_wrong == pytest.approx(4 / 5)
    assert found.ties_half == pytest.approx(4.5 / 5)
    assert (found.best, found.epsilon) == (pytest.approx(4 / 6), 0.0)
    # With every pair of equal truth, calling what lies close equal is right.
    close = pair_accuracy([1.0, 1.1, 3.0], [2, 2, 4], groups=[0] * 3)
    assert close.best == 1
    assert 0.1 <= close.epsilon < 1.9

    apart = pair_accuracy(scores, truth, groups=[0, 1, 0, 1])
    assert (apart.n, apart.ties_wrong) == (2, 1)
