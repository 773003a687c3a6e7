"""How well a judge agrees with a truth: precision, recall and rank correlation, with intervals."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.faults import ImgEditError

Z_95 = NormalDist().inv_cdf(0.975)
"""Half width of a 95 % interval in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """`hits` of `n`, with the 95 % Wilson interval; NaN in all three where n is 0."""

    value: float
    low: float
    high: float
    hits: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A rank correlation in [-1, 1] with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Precision and recall of what was accepted against what is good."""

    precision: Proportion
    recall: Proportion


def wilson(hits: int, n: int) -> Proportion:
    """The score interval of a proportion (Wilson 1927, JASA 22, 209-212).

    Unlike the normal interval it stays inside [0, 1] and does not collapse at 0 or n hits.
    """
    if n == 0:
        return Proportion(value=np.nan, low=np.nan, high=np.nan, hits=0, n=0)
    share, z2 = hits / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    spread = Z_95 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Proportion(
        value=share,
        low=max(0.0, float(centre - spread)),
        high=min(1.0, float(centre + spread)),
        hits=hits,
        n=n,
    )


def acceptance(accepted: ArrayLike, good: ArrayLike) -> Acceptance:
    """Precision and recall of accepting.

    Args:
        accepted: Whether each pair was accepted.
        good: Whether the truth holds each pair for good, in the same order.
    """
    taken, held_good = (series > 0 for series in _aligned(accepted, good))
    both = int(np.count_nonzero(taken & held_good))
    return Acceptance(
        precision=wilson(both, int(np.count_nonzero(taken))),
        recall=wilson(both, int(np.count_nonzero(held_good))),
    )


def spearman(first: ArrayLike, second: ArrayLike) -> Correlation:
    """Spearman's rank correlation with its interval by Fisher's z.

    The standard error of z is sqrt((1 + rho^2 / 2) / (n - 3)), Bonett and Wright 2000
    (Psychometrika 65, 23-28), which holds its level for rank correlations up to about 0.95.
    Pairs with a NaN are left out and not counted. The value is NaN below three pairs and where
    one side is constant, the interval also below four.
    """
    one, two = _aligned(first, second)
    known = ~(np.isnan(one) | np.isnan(two))
    one, two = one[known], two[known]
    n = int(one.size)
    if n < 3 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return Correlation(value=np.nan, low=np.nan, high=np.nan, n=n)
    # Not by scipy.stats, whose import takes a second.
    rho = float(np.asarray(np.corrcoef(_ranks(one), _ranks(two)))[0, 1])
    if n < 4:
        return Correlation(value=rho, low=np.nan, high=np.nan, n=n)
    # A perfect correlation has an infinite z; the largest double below 1 stands in for it.
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    spread = Z_95 * np.sqrt((1 + rho * rho / 2) / (n - 3))
    return Correlation(
        value=rho, low=float(np.tanh(z - spread)), high=float(np.tanh(z + spread)), n=n
    )


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each value, from 1; equal ones share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def _aligned(
    first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one = np.asarray(first, dtype=np.float64)
    two = np.asarray(second, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1:
        message = f"expected two series of equal length, got shapes {one.shape} and {two.shape}"
        raise ImgEditError(message)
    return one, two
