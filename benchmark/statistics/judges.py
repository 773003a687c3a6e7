"""How much figures depend on the judge."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.agreement import spearman
from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import estimates
from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.units import Units, by_judge, clusters, means


def sensitivity(samples: Sequence[SampleLine], how: Counting = USUAL) -> list[dict[str, Any]]:
    """For each two judges, over the cases that both scored.

    Spearman's rank correlation with its interval, Kendall's tau-b, and `shift`: the mean of what
    the second gives more than the first, over tasks, with the clustered interval.
    """
    scores = {judge: means(lines, how) for judge, lines in by_judge(samples).items()}
    sources = clusters(samples, how)
    found = []
    for first, second in combinations(scores, 2):
        shared = {
            key: (scores[first][key], scores[second][key])
            for key in scores[first]
            if key in scores[second]
        }
        gaps = Units.of({key: two - one for key, (one, two) in shared.items()}, sources)
        one, two = np.array(list(shared.values())).reshape(-1, 2).T
        rank = spearman(one, two)
        values = (rank.value, rank.low, rank.high)
        known = [None if np.isnan(value) else float(value) for value in values]
        found.append(
            {
                "judges": [first, second],
                "n": len(shared),
                "spearman": dict(zip(("value", "low", "high"), known, strict=True)),
                "kendall": _kendall(one, two),
                "shift": asdict(estimates(gaps, how=how).macro),
            }
        )
    return found


def _kendall(one: NDArray[np.float64], two: NDArray[np.float64]) -> float | None:
    if len(one) < 2:
        return None
    # Importing scipy.stats takes a second, which those with one judge need not wait.
    from scipy.stats import kendalltau

    tau = float(kendalltau(one, two).statistic)
    return None if np.isnan(tau) else tau
