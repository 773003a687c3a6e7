"""How a judge agrees with the oracle, as figures."""

import numpy as np
from numpy.typing import NDArray

from benchmark.agreement import at_threshold, spearman
from resources.profile import Accept

GOOD_FAILURE = 0.25
"""A result that the oracle holds for a smaller failure than this counts as good."""


def agreement_figures(
    scores: NDArray[np.float64], failures: NDArray[np.float64]
) -> dict[str, float]:
    """Spearman, precision and recall of a judge against the oracle, with 95 % intervals.

    Args:
        scores: The judge's scores, 1 to 5.
        failures: The oracle's degrees of failure, 0 to 1.
    """
    rank = spearman(scores, -failures)
    cut = at_threshold(scores, failures < GOOD_FAILURE, Accept().min_score)
    named = {"spearman": rank, "precision": cut.precision, "recall": cut.recall}
    figures = {
        f"{name}{end}": float(getattr(value, field))
        for name, value in named.items()
        for end, field in (("", "value"), ("_low", "low"), ("_high", "high"), ("_n", "n"))
    }
    return {k: v for k, v in figures.items() if np.isfinite(v)}
