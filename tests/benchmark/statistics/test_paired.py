"""Differences of two runs, and how often chance alone would show them."""

import numpy as np
import pytest

from benchmark.runs.folder import SampleLine
from benchmark.statistics.counting import Counting
from benchmark.statistics.paired import compare
from models.faults import ImgEditError
from tests.benchmark.statistics.made_samples import sample


def run(scores: np.ndarray, *, per_picture: int = 1) -> list[SampleLine]:
    return [sample(f"{i}", float(s), cluster=f"{i // per_picture}") for i, s in enumerate(scores)]


def test_a_constant_gain_is_found_whatever_the_cases_differ_by() -> None:
    base = np.random.default_rng(0).uniform(1, 4, 60)
    found = compare(run(base + 0.1), run(base))
    assert found["overall"]["mean"] == pytest.approx(0.1)
    assert found["overall"]["stderr"] == pytest.approx(0, abs=1e-9)
    assert found["overall"]["p"] < 0.001
    assert found["tasks"]["add"]["p"] < 0.001


def test_chance_alone_is_called_significant_about_5_times_in_100() -> None:
    rng = np.random.default_rng(1)
    ps = []
    for _ in range(400):
        # Four instructions about each picture share their difference.
        noise = np.repeat(rng.normal(0, 1, 20), 4) + rng.normal(0, 0.3, 80)
        base = rng.uniform(2, 4, 80)
        gap = compare(
            run(base + noise, per_picture=4),
            run(base, per_picture=4),
            how=Counting(bootstrap_iters=200),
        )
        ps.append(gap["overall"]["p"])
    assert 0.02 <= np.mean(np.array(ps) <= 0.05) <= 0.085


def test_only_shared_cases_are_compared_and_the_others_counted() -> None:
    ours = [sample("a", 4), sample("b", 3), sample("only", 5), sample("c", None)]
    theirs = [sample("a", 2), sample("b", 3), sample("c", 1), sample("d", 1)]
    found = compare(ours, theirs)
    assert (found["overall"]["mean"], found["overall"]["n"]) == (1, 2)
    assert found["unmatched"] == {"run": 1, "baseline": 2}


def test_equal_runs_differ_by_nothing() -> None:
    found = compare(run(np.arange(1.0, 6.0)), run(np.arange(1.0, 6.0)))
    assert (found["overall"]["mean"], found["overall"]["p"]) == (0, 1)


def test_runs_that_share_nothing_are_refused() -> None:
    with pytest.raises(ImgEditError, match="share no scored case"):
        compare([sample("a", 1)], [sample("b", 1)])
    with pytest.raises(ImgEditError, match="no sample of judge 'metric'"):
        compare([sample("a", 1)], [sample("a", 1, judge="gpt")])
