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
class Against:
    """A judge's scores against what pairs deserve; NaN where it is not defined."""

    n: int
    """Pairs that it judged."""
    spearman: float
    within_one: float
    error: float
    """Mean distance from the label, in points."""


def against(said: Floats, true: Floats) -> Against:
    """The figures of the pairs that a judge gave a score."""
    judged = np.isfinite(said)
    gap = np.abs(said[judged] - true[judged])
    return Against(
        n=len(gap),
        spearman=rank_correlation(said[judged], true[judged]),
        within_one=float((gap <= 1).mean()) if len(gap) else float("nan"),
        error=float(gap.mean()) if len(gap) else float("nan"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Both judges on the held-out pairs of one edit type that both judged."""

    edit_type: str
    own: Against
    metric: Against

    @property
    def is_better(self) -> bool:
        """Whether the small judge errs less, and orders no worse but for chance."""
        return (
            self.own.n >= LEAST_PAIRS
            and self.own.error < self.metric.error
            and not self.own.spearman < self.metric.spearman - _BY_CHANCE
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
    true = tried.scores[both]
    return Standing(
        edit_type=name,
        own=against(scores[both], true),
        metric=against(tried.metric[both], true),
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
        found |= dict(_agreement(f"metric{name}", tried.metric[which], tried.scores[which]))
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _agreement(name: str, said: Floats, true: Floats) -> Iterator[tuple[str, float]]:
    found = against(said, true)
    for figure in ("spearman", "within_one", "error"):
        yield f"{name}_{figure}", getattr(found, figure)


def rank_correlation(one: Floats, two: Floats) -> float:
    """Spearman's; NaN below three pairs and where one side is constant."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return float("nan")
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(one), rankdata(two))[0, 1])
