"""Means with standard errors and 95 % intervals, by a bootstrap over source pictures.

Instructions about one picture rise and fall together, so pictures are drawn, and all that belongs
to them comes along (Davison and Hinkley 1997, section 3.8). With k pictures a plain bootstrap is
too narrow by sqrt((k - 1) / k) and by the difference of Student's t to the normal; both are made up
for (the expanded percentile interval, Hesterberg 2015, The American Statistician 69, 371-386).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.units import Units

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its uncertainty; None for what fewer than two clusters cannot tell."""

    mean: float | None
    stderr: float | None
    low: float | None
    high: float | None
    n: int
    """Cases and turns."""
    clusters: int
    """Source pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Of one set of units."""

    macro: Estimate
    """The unweighted mean of the tasks."""
    micro: Estimate
    """The mean of all cases."""
    tasks: dict[str, Estimate]


def estimates(
    units: Units,
    *,
    scale: tuple[float, float] = (-np.inf, np.inf),
    how: Counting = USUAL,
) -> Estimates:
    """All means of the units; the same seed gives the same figures.

    Args:
        units: The values.
        scale: What no interval exceeds.
        how: The bootstrap's iterations, and how wide intervals are.
    """
    sums, counts = units.totals()
    if not units.clusters:
        nothing = Estimate(mean=None, stderr=None, low=None, high=None, n=0, clusters=0)
        return Estimates(macro=nothing, micro=nothing, tasks={})
    weights = drawn(units.clusters, how.bootstrap_iters, how.seed)
    tasks = _columns(sums, counts, weights, scale, how.ci)
    micro = _columns(
        sums.sum(1, keepdims=True), counts.sum(1, keepdims=True), weights, scale, how.ci
    )
    return Estimates(
        macro=tasks.together(len(units.values), units.clusters),
        micro=micro.column(0),
        tasks={name: tasks.column(index) for index, name in enumerate(units.tasks)},
    )


@lru_cache(maxsize=8)
def drawn(clusters: int, iterations: int, seed: int) -> Array:
    """How often each cluster is drawn, iterations x clusters."""
    rng = np.random.default_rng(seed)
    shares = np.full(clusters, 1 / clusters)
    return rng.multinomial(clusters, shares, size=iterations).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Means of some columns, and how far they are off in each iteration."""

    point: Array
    off: Array
    """Iterations x columns; NaN where none of a column's clusters was drawn."""
    n: Array
    clusters: Array
    scale: tuple[float, float]
    ci: float

    def column(self, index: int) -> Estimate:
        """One of them."""
        off, clusters = self.off[:, index], int(self.clusters[index])
        off = off[~np.isnan(off)]
        mean, n = float(self.point[index]), int(self.n[index])
        wide = off * _t_factor(clusters, self.ci)
        return _estimate(mean, off, wide, n=n, clusters=clusters, of=self)

    def together(self, n: int, clusters: int) -> Estimate:
        """The unweighted mean of the columns; one of a single cluster adds no uncertainty."""
        factors = np.array([_t_factor(int(k), self.ci) for k in self.clusters])
        off, wide = np.nanmean(self.off, axis=1), np.nanmean(self.off * factors, axis=1)
        mean = float(self.point.mean())
        return _estimate(mean, off, wide, n=n, clusters=clusters, of=self)


def _columns(
    sums: Array, counts: Array, weights: Array, scale: tuple[float, float], ci: float
) -> _Columns:
    clusters = np.count_nonzero(counts, axis=0).astype(np.float64)
    point = sums.sum(0) / counts.sum(0)
    with np.errstate(invalid="ignore"):
        off = (weights @ sums) / (weights @ counts) - point
    return _Columns(
        point=point,
        off=off * np.sqrt(clusters / np.maximum(clusters - 1, 1)),
        n=counts.sum(0),
        clusters=clusters,
        scale=scale,
        ci=ci,
    )


def _estimate(
    mean: float, off: Array, wide: Array, *, n: int, clusters: int, of: _Columns
) -> Estimate:
    if clusters < 2:
        return Estimate(mean=mean, stderr=None, low=None, high=None, n=n, clusters=clusters)
    tail = (1 - of.ci) / 2
    low, high = np.clip(mean + np.quantile(wide, [tail, 1 - tail]), *of.scale)
    return Estimate(
        mean=mean,
        stderr=float(off.std()),
        low=float(low),
        high=float(high),
        n=n,
        clusters=clusters,
    )


@lru_cache
def _t_factor(clusters: int, ci: float) -> float:
    """How much wider Student's interval is than the normal one."""
    end = (1 + ci) / 2
    return float(stdtrit(clusters - 1, end) / ndtri(end)) if clusters > 1 else 1.0
