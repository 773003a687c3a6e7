"""Figures of agreement: of a judge that is right, one that nearly is, and ones that look away."""

import numpy as np
import polars as pl
import pytest

from imgedit_assets.judging.agreement import (
    agreement_figures,
    class_markdown,
    confidences,
    standings,
    standings_markdown,
)
from imgedit_assets.judging.agreement_plots import draw_agreement
from imgedit_assets.judging.trying import SCHEMA, Tried

N = 60


def tried(name: str, *, noise: float, of: str = "spoiled") -> Tried:
    """A judge whose scores lie so far from the truth, of sixty pairs of six images."""
    rng = np.random.default_rng(3)
    true = rng.uniform(1, 5, N)
    said = np.clip(true + rng.normal(0, noise, N), 1, 5)
    scores = {"score": said, "adherence": said, "quality": said, "preservation": said}
    rows = pl.DataFrame(
        {
            "judge": [name] * N,
            "lesson": [str(i) for i in range(N)],
            "set": [of] * N,
            "edit_type": ["remove" if i % 2 else "add" for i in range(N)],
            "kind": ["blur"] * N,
            "group": [str(i % 6) for i in range(N)],
            "probability": pl.Series([None] * N, dtype=pl.Float64),
            **scores,
            **{f"true_{key}": true for key in scores},
        }
    ).select(*SCHEMA)
    return Tried(rows=rows, faults=0, noise=0.0)


def test_a_better_judge_has_better_figures_under_the_names_of_the_contract() -> None:
    both = {"small": tried("small", noise=0.2), "metric": tried("metric", noise=1.5)}
    found = standings(both)
    figures = agreement_figures(found, ("small", "metric"))
    for name in ("spearman", "within_one"):
        assert figures[f"{name}_small_spoiled"] > figures[f"{name}_metric_spoiled"]
        low, high = (figures[f"{name}_small_spoiled_{end}"] for end in ("low", "high"))
        assert low < figures[f"{name}_small_spoiled"] <= high + 1e-9
    assert figures["spearman_small_spoiled_n"] == N
    assert 0 <= figures["ece_small_spoiled"] < 0.15
    assert not any("painted" in name for name in figures)
    small, metric = found
    assert small.pairs.ties_wrong > metric.pairs.ties_wrong > 0.5
    assert small.kappa > 0.9 > metric.kappa
    assert "no source" not in standings_markdown(found).lower()
    assert "| add" in class_markdown(both, ("small", "metric"))
    assert set(draw_agreement(both, ("small", "metric"))) == {
        "true and judged scores",
        "reliability",
        "Spearman by class",
    }


def test_a_judge_that_always_says_3_has_no_order_and_no_figure_of_it() -> None:
    flat = tried("always 3", noise=0.0)
    flat = Tried(rows=flat.rows.with_columns(score=pl.lit(3.0)), faults=0, noise=0.0)
    (found,) = standings({"always 3": flat})
    assert np.isnan(found.spearman.value)
    assert found.pairs.ties_half == pytest.approx(0.5)
    assert "spearman_always 3_spoiled" not in agreement_figures([found], ("always 3",))


def test_confidence_is_never_fitted_on_the_image_that_it_is_told_of() -> None:
    rows = tried("small", noise=0.3).rows
    told = confidences(rows)
    # The truth of one image turned round changes what is told of others, and not of itself.
    own = pl.col("group") == "0"
    turned = rows.with_columns(
        true_score=pl.when(own).then(6 - pl.col("true_score")).otherwise("true_score")
    )
    again = confidences(turned)
    is_own = (rows["group"] == "0").to_numpy()
    assert np.allclose(told[is_own], again[is_own])
    assert not np.allclose(told[~is_own], again[~is_own])
