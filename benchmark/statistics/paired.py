"""Two runs on the same cases: how much one is better, and whether that may be chance."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import Estimate, estimates
from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.units import Units, clusters, lines_of, means
from models.faults import ImgEditError


def compare(
    samples: Sequence[SampleLine],
    baseline: Sequence[SampleLine],
    *,
    judge: str = "",
    how: Counting = USUAL,
) -> dict[str, Any]:
    """What a run scores more than a baseline, over the cases that both have a score of.

    `overall` and `tasks.<name>` hold `mean, stderr, low, high, n, clusters` of the difference and
    `p`: two-sided, by flipping the sign of all differences of a source picture together
    (randomisation test; Good 2005, Permutation Tests, chapter 3). `p` of tasks is not corrected
    for their number. `unmatched` counts the cases that only one side has a score of.

    Raises:
        ImgEditError: There is no judge, or no scored case, in common.
    """
    name, ours = lines_of(samples, judge)
    _, theirs = lines_of(baseline, name)
    here, there = means(ours, how), means(theirs, how)
    shared = {key: score - there[key] for key, score in here.items() if key in there}
    if not shared:
        message = (
            f"the run and its baseline share no scored case of judge {name}: name a baseline "
            "of the same suite"
        )
        raise ImgEditError(message)
    gaps = Units.of(shared, clusters(ours, how))
    found = estimates(gaps, how=how)
    chances = _chances(gaps, how)
    return {
        "judge": name,
        "overall": _with_p(found.macro, chances[-1]),
        "tasks": {
            task: _with_p(estimate, p)
            for (task, estimate), p in zip(found.tasks.items(), chances[:-1], strict=True)
        },
        "unmatched": {"run": len(here) - len(shared), "baseline": len(there) - len(shared)},
    }


def _with_p(estimate: Estimate, p: float) -> dict[str, Any]:
    return {**asdict(estimate), "p": float(p)}


def _chances(gaps: Units, how: Counting) -> NDArray[np.float64]:
    """The p of each task, and last of their mean."""
    sums, counts = gaps.totals()
    signs = np.random.default_rng(how.seed).choice(
        [-1.0, 1.0], size=(how.bootstrap_iters, gaps.clusters)
    )
    signs = np.vstack([np.ones(gaps.clusters), signs])
    tasks = signs @ sums / counts.sum(0)
    found = np.abs(np.column_stack([tasks, tasks.mean(1)]))
    # What was observed is one of its own permutations, so that p is never 0. Sums of the same
    # numbers in another order differ in their last bits.
    return np.asarray((found >= found[0] - 1e-9).mean(0))
