"""How much figures depend on the judge."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from benchmark.agreement import spearman
from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import estimates
from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.units import Units, by_judge, clusters, means


def sensitivity(samples: Sequence[SampleLine], how: Counting = USUAL) -> list[dict[str, Any]]:
    """For each two judges, over the cases that both scored.

    Spearman's rank correlation with its interval, and `shift`: the mean of what
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
                "shift": asdict(estimates(gaps, how=how).macro),
            }
        )
    return found
