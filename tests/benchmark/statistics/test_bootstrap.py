"""Intervals that hold the truth as often as they say, for pictures with several instructions."""

import numpy as np
import pytest

from benchmark.statistics.bootstrap import Estimates, estimates
from benchmark.statistics.counting import Counting
from benchmark.statistics.units import Units


def of(values: np.ndarray, **given: object) -> Estimates:
    """Estimates of pictures x tasks, where each picture has one value in each task."""
    pictures, tasks = values.shape
    keys = {("", f"t{t}", f"{p}", 1): values[p, t] for p in range(pictures) for t in range(tasks)}
    return estimates(Units.of(keys, {key: key[2] for key in keys}), **given)  # type: ignore[arg-type]


def covered(pictures: int, spread: float) -> float:
    """How often the interval of the mean over three instructions a picture holds the truth."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        values = rng.normal(0, spread, (pictures, 1)) + rng.normal(0, 0.5, (pictures, 3))
        macro = of(values, how=Counting(bootstrap_iters=400)).macro
        assert macro.low is not None
        assert macro.high is not None
        hits += macro.low <= 0 <= macro.high
    return hits / 400


@pytest.mark.parametrize("pictures", [5, 40])
def test_intervals_cover_the_truth_about_95_times_in_100(pictures: int) -> None:
    # Without clusters the same data are covered 75 times in 100.
    assert 0.92 <= covered(pictures, spread=1.0) <= 0.985


def test_the_standard_error_is_that_of_independent_pictures() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(3, 1, (400, 1))
    expected = values.std(ddof=1) / 20
    assert of(values).macro.stderr == pytest.approx(expected, rel=0.06)
    # Another instruction that always scores the same about a picture tells nothing new.
    assert of(np.repeat(values, 2, axis=1)).macro.stderr == pytest.approx(expected, rel=0.06)


def test_an_interval_stays_on_the_scale() -> None:
    found = of(np.array([[4.0], [5.0], [5.0]]), scale=(1, 5)).macro
    assert found.high == 5
    assert found.low is not None
    assert 1 <= found.low < 4.5


def test_a_task_whose_pictures_are_seldom_drawn_is_still_estimated() -> None:
    keys = {("", "common", f"{i}", 1): float(i % 5) for i in range(200)}
    keys |= {("", "rare", "x", 1): 1.0, ("", "rare", "y", 1): 3.0}
    found = estimates(Units.of(keys, {key: key[2] for key in keys})).tasks["rare"]
    assert found.mean == 2
    assert found.stderr is not None
    assert np.isfinite(found.stderr)
