import numpy as np
import pytest
from numpy.typing import NDArray

from models.faults import ImgEditError
from models.judge.calibration import (
    Decision,
    acceptance,
    expected_calibration_error,
    reliability,
)

Drawn = tuple[NDArray[np.float64], NDArray[np.bool_]]


def drawn(n: int, seed: int) -> Drawn:
    """Probabilities that hold, with what came of them."""
    rng = np.random.default_rng(seed)
    said = rng.beta(0.4, 0.3, n)
    return said, rng.uniform(size=n) < said


def test_what_holds_is_calibrated_and_what_is_said_too_surely_is_not() -> None:
    said, good = drawn(20_000, 0)
    sure = np.where(said > 0.5, 1.0, 0.0)

    assert expected_calibration_error(said, good) < 0.02
    assert expected_calibration_error(sure, good) > 0.1
    assert sum(each.n for each in reliability(said, good)) == 20_000


def test_the_bound_holds_on_fresh_pairs() -> None:
    fresh_said, fresh_good = drawn(50_000, 999)
    shares, taken = [], []
    for seed in range(100):
        found = acceptance(*drawn(400, seed), bound=0.05, confidence=0.9)
        accepted = fresh_said >= (2 if found.accept_from is None else found.accept_from)
        shares.append(float((~fresh_good[accepted]).mean()) if accepted.any() else 0.0)
        taken.append(float(accepted.mean()))

    assert sum(share <= 0.05 for share in shares) >= 86
    assert np.mean(taken) > 0.2


def test_a_judge_that_guesses_accepts_nothing() -> None:
    rng = np.random.default_rng(0)
    found = acceptance(rng.uniform(size=400), rng.uniform(size=400) < 0.5)

    assert found.accept_from is None
    assert {found.decide(p) for p in (0.0, 0.5, 1.0)} == {Decision.UNDECIDED}


def test_pairs_in_between_are_undecided() -> None:
    found = acceptance(*drawn(2000, 3))
    assert found.accept_from is not None
    assert found.reject_below is not None

    assert found.decide(0.999) is Decision.ACCEPT
    assert found.decide(0.001) is Decision.REJECT
    assert found.decide((found.accept_from + found.reject_below) / 2) is Decision.UNDECIDED


@pytest.mark.parametrize(
    ("said", "good", "told"),
    [
        ([0.5] * 5, [True] * 5, "needs 20"),
        ([0.5] * 30, [True] * 30, "all 30 pairs are good"),
        ([1.5] * 30, [True] * 30, "between 0 and 1"),
        ([0.5] * 30, [True] * 29, "one for each"),
        ([float("nan")] * 30, [True] * 30, "between 0 and 1"),
    ],
)
def test_what_proves_nothing_is_refused(said: list[float], good: list[bool], told: str) -> None:
    with pytest.raises(ImgEditError, match=told):
        acceptance(said, good)
