"""Figures of samples whose means, counts and noise are known by hand."""

import json
import time

import numpy as np
import pytest

from benchmark.statistics.counting import Counting, Reducer
from benchmark.statistics.results import results
from models.faults import ImgEditError
from tests.benchmark.statistics.made_samples import sample


def test_the_headline_weighs_tasks_alike_and_micro_weighs_cases() -> None:
    found = results([sample("a", 5), sample("b", 3), sample("c", 1, task="remove")])
    assert found["tasks"]["add"]["mean"] == 4
    assert found["overall"]["mean"] == pytest.approx(2.5)
    assert found["micro"]["mean"] == pytest.approx(3)
    assert (found["overall"]["n"], found["overall"]["clusters"]) == (3, 3)


def test_epochs_of_one_output_are_one_case() -> None:
    found = results([sample("a", 5), sample("a", 1, epoch=2), sample("b", 2)])
    assert found["overall"]["mean"] == pytest.approx((3 + 2) / 2)
    assert found["overall"]["n"] == 2


@pytest.mark.parametrize(
    ("reducer", "score"), [("mean", 3.75), ("median", 4.5), ("mode", 5.0), ("max", 5.0)]
)
def test_epochs_are_reduced_as_asked(reducer: Reducer, score: float) -> None:
    scores = (1, 4, 5, 5)
    lines = [sample("a", score, epoch=epoch) for epoch, score in enumerate(scores, 1)]
    found = results(lines, how=Counting(epochs_reducer=reducer))
    assert found["overall"]["mean"] == found["tasks"]["add"]["mean"] == score
    assert found["counting"]["epochs_reducer"] == reducer


def test_intervals_are_as_wide_and_as_independent_as_asked() -> None:
    """Ten pictures, each with four cases that score alike."""
    lines = [sample(f"{p}-{n}", 1 + p % 5, cluster=str(p)) for p in range(10) for n in range(4)]

    def width(how: Counting) -> float:
        found = results(lines, how=how)["overall"]
        assert found["clusters"] == (40 if how.cluster == "case" else 10)
        return float(found["high"] - found["low"])

    usual, narrow = width(Counting()), width(Counting(ci=0.8))
    assert narrow < 0.75 * usual
    assert width(Counting(cluster="case")) == pytest.approx(usual / 2, rel=0.25)


def test_what_has_no_score_is_counted_and_kept_out() -> None:
    lines = [
        sample("a", 4),
        sample("b", 1, status="missing"),
        sample("c", None, status="unparsable"),
        sample("d", None, status="refused"),
    ]
    found = results(lines)
    assert found["overall"]["mean"] == pytest.approx(2.5)
    assert found["counts"] == {
        "scored": 1,
        "unparsable": 1,
        "refused": 1,
        "failed": 0,
        "missing": 1,
    }
    assert (found["total"], found["unscored"]) == (4, 2)


def test_a_judge_that_scored_nothing_gives_no_figure() -> None:
    found = results([sample("a", None), sample("b", None)])
    assert found["overall"] == {
        "mean": None,
        "stderr": None,
        "low": None,
        "high": None,
        "n": 0,
        "clusters": 0,
    }
    assert found["unscored"] == 2


def test_one_picture_has_a_mean_and_no_interval() -> None:
    task = results([sample("a", 4, cluster="x"), sample("b", 2, cluster="x")])["tasks"]["add"]
    assert (task["mean"], task["stderr"], task["low"], task["n"]) == (3, None, None, 2)


def test_noise_between_epochs_is_pooled_over_outputs() -> None:
    lines = [
        sample("a", 3),
        sample("a", 4, epoch=2),
        sample("b", 2),
        sample("b", 2, epoch=2),
        sample("c", 1),
    ]
    found = results(lines)["repeats"]
    # Two degrees of freedom, squares of 0.5: 0.25 + 0.25.
    assert found["within_sd"] == pytest.approx((0.5 / 2) ** 0.5)
    assert found["overall_by_epoch"] == {"1": pytest.approx(2), "2": pytest.approx(3)}
    assert found["overall_sd"] == pytest.approx(0.5**0.5)


def test_groups_and_suites_are_kept_apart() -> None:
    lines = [
        sample("a", 4, suite="one", groups=["en", "short"]),
        sample("a", 2, suite="two", groups=["cn"]),
        sample("b", 3, suite="one", groups=["en"]),
    ]
    found = results(lines)
    assert {name: task["mean"] for name, task in found["tasks"].items()} == {
        "one/add": 3.5,
        "two/add": 2,
    }
    assert {name: group["mean"] for name, group in found["groups"].items()} == {
        "en": 3.5,
        "short": 4,
        "cn": 2,
    }


def test_each_judge_has_figures_and_the_named_one_the_headline() -> None:
    lines = [
        sample(case, score + shift, judge=judge)
        for judge, shift in (("mild", 1), ("strict", 0))
        for case, score in zip("abcdef", (1, 2, 3, 4, 2, 1), strict=True)
    ]
    found = results(lines, judge="strict")
    assert found["judge"] == "strict"
    assert found["judges"]["mild"]["overall"]["mean"] - found["overall"]["mean"] == pytest.approx(1)
    (pair,) = found["sensitivity"]
    assert (pair["judges"], pair["n"]) == (["mild", "strict"], 6)
    assert pair["spearman"]["value"] == pytest.approx(1)
    assert pair["shift"]["mean"] == pytest.approx(-1)
    json.dumps(found, allow_nan=False)
    with pytest.raises(ImgEditError, match="'kind'; there are those of mild, strict"):
        results(lines, judge="kind")


def test_the_same_seed_gives_the_same_figures_of_any_order_of_lines() -> None:
    rng = np.random.default_rng(2)
    lines = [sample(f"{i}", float(rng.integers(1, 6)), cluster=f"{i % 20}") for i in range(60)]
    once, again = results(lines, how=Counting(seed=3)), results(lines, how=Counting(seed=3))
    assert once == again
    assert results(lines, how=Counting(seed=4))["overall"]["stderr"] != once["overall"]["stderr"]


def test_three_epochs_of_811_cases_take_well_under_a_second() -> None:
    rng = np.random.default_rng(1)
    lines = [
        sample(f"{i}", float(s), epoch=e, task=f"t{i % 9}", cluster=f"{i % 600}")
        for i in range(811)
        for e, s in enumerate(rng.integers(1, 6, 3), 1)
    ]
    start = time.process_time()
    results(lines, scale=(1, 5))
    assert time.process_time() - start < 1.0
