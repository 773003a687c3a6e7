"""How some values are spread: mean with its interval, quantiles, and a histogram."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from benchmark.agreement import Z_95


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts between edges. The first and the last bin also hold what lies beyond them."""

    edges: tuple[float, ...]
    """One more than counts; a bin holds its lower edge and not its upper one."""
    counts: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """Counts as shares of all, 0 to 1; zeros where there is nothing."""
        total = sum(self.counts) or 1
        return tuple(count / total for count in self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Values in figures; all but `n` are NaN where there are none."""

    n: int
    mean: float
    mean_low: float
    mean_high: float
    """95 % interval of the mean, by the normal approximation; NaN below two values."""
    median: float
    p95: float
    histogram: Histogram


def spread(values: ArrayLike, edges: Sequence[float]) -> Spread:
    """The figures of some values.

    Args:
        values: One dimension; NaN and infinities are left out and not counted.
        edges: Of the histogram, ascending.
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    n = int(numbers.size)
    counts = np.zeros(len(edges) - 1, np.int64)
    if n:
        bins = np.searchsorted(edges, numbers, side="right") - 1
        np.add.at(counts, bins.clip(0, counts.size - 1), 1)
    mean = float(numbers.mean()) if n else np.nan
    half = float(Z_95 * numbers.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    median, p95 = np.quantile(numbers, [0.5, 0.95]) if n else (np.nan, np.nan)
    return Spread(
        n=n,
        mean=mean,
        mean_low=mean - half,
        mean_high=mean + half,
        median=float(median),
        p95=float(p95),
        histogram=Histogram(edges=tuple(map(float, edges)), counts=tuple(counts.tolist())),
    )
