"""How a small judge does on pairs that it did not learn from, and beside the metric judge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.judge.calibration import expected_calibration_error
from models.judge.small.scale import GOOD_ABOVE, Scale, mean_of
from models.judge.small.table import Table

Floats = NDArray[np.float32]
LEAST_PAIRS = 10
"""Held-out pairs of a class without which the metric judge keeps it."""
_BY_CHANCE = 0.1
"""About what two rank correlations of 50 pairs differ by for no reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Both judges on the held-out pairs of one edit type."""

    edit_type: str
    n: int
    spearman: float
    error: float
    """Mean distance from the label, in points."""
    within_one: float
    metric_spearman: float
    metric_error: float

    @property
    def is_better(self) -> bool:
        """Whether the small judge errs less, and orders no worse but for chance."""
        return (
            self.n >= LEAST_PAIRS
            and self.error < self.metric_error
            and not self.spearman < self.metric_spearman - _BY_CHANCE
        )


def standings(tried: Table, said: Floats | None, scale: Scale) -> tuple[Standing, ...]:
    """One for each edit type of an operation, on pairs that both judged."""
    if said is None:
        return ()
    scores = mean_of(scale.spread(said)).mean(axis=1)
    return tuple(_standing(tried, scores, name) for name in _types(tried))


def _types(tried: Table) -> Sequence[str]:
    return sorted({name for names in tried.classes for name in names.split(",")})


def _standing(tried: Table, scores: Floats, name: str) -> Standing:
    both = np.array([name in names.split(",") for names in tried.classes])
    both &= np.isfinite(tried.metric)
    own, other, true = scores[both], tried.metric[both], tried.scores[both]
    return Standing(
        edit_type=name,
        n=int(both.sum()),
        spearman=rank_correlation(own, true),
        error=float(np.abs(own - true).mean()) if both.any() else float("nan"),
        within_one=float((np.abs(own - true) <= 1).mean()) if both.any() else float("nan"),
        metric_spearman=rank_correlation(other, true),
        metric_error=float(np.abs(other - true).mean()) if both.any() else float("nan"),
    )


def figures(tried: Table, said: Floats | None, scale: Scale) -> dict[str, float]:
    """Figures of all held-out pairs, and of the spoiled and of the painted ones."""
    if said is None:
        return {}
    scores = mean_of(scale.spread(said)).mean(axis=1)
    good = scale.good_probability(said)
    painted = np.array([kind.startswith("painted") for kind in tried.kinds])
    found: dict[str, float] = {}
    for name, which in (("", painted | ~painted), ("_spoiled", ~painted), ("_painted", painted)):
        if not which.any():
            continue
        found |= dict(_agreement(f"small{name}", scores[which], tried.scores[which]))
        found[f"ece{name}"] = expected_calibration_error(
            np.clip(good[which], 0, 1), tried.scores[which] > GOOD_ABOVE
        )
        both = which & np.isfinite(tried.metric)
        if both.any():
            found |= dict(_agreement(f"metric{name}", tried.metric[both], tried.scores[both]))
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _agreement(name: str, scores: Floats, true: Floats) -> Iterator[tuple[str, float]]:
    yield f"{name}_spearman", rank_correlation(scores, true)
    yield f"{name}_within_one", float((np.abs(scores - true) <= 1).mean())
    yield f"{name}_error", float(np.abs(scores - true).mean())


def rank_correlation(one: Floats, two: Floats) -> float:
    """Spearman's; NaN below three pairs and where one side is constant."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return float("nan")
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(one), rankdata(two))[0, 1])
