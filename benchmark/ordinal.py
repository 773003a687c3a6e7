"""How well scores of 1 to 5 agree with a truth, or raters with each other, beyond rank correlation.

Every figure is NaN where it is not defined; the rank correlation itself is `agreement.spearman`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.agreement import Proportion, wilson

GRADES = (1, 2, 3, 4, 5)

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAccuracy:
    """How often a judge orders two results as the truth does."""

    n: int
    """Pairs whose truths differ."""
    ties_wrong: float
    """A tie of the judge counts as an error, as in EditScore's bench."""
    ties_half: float
    """A tie counts as half a hit."""
    best: float
    """Of all pairs, those of equal truth too, with the best `epsilon`: results whose scores differ
    by no more are called equal (Deutsch, Foster and Freitag 2023, "Ties Matter")."""
    epsilon: float


def within(scores: ArrayLike, truth: ArrayLike, points: float = 1.0) -> Proportion:
    """The share of scores at most so many points from the truth, with its Wilson interval."""
    one, two = _series(scores), _series(truth)
    # Half of two grades such as 3.3 and 4.3 is a rounding away from one point.
    hits = np.abs(one - two) <= points + 1e-9
    return wilson(int(hits.sum()), int(hits.size))


def exact(scores: ArrayLike, truth: ArrayLike) -> Proportion:
    """The share of scores that round to the truth's grade."""
    same = grades(scores) == grades(truth)
    return wilson(int(same.sum()), int(same.size))


def grades(scores: ArrayLike) -> NDArray[np.int64]:
    """Scores as whole grades of 1 to 5, halves upwards."""
    return np.clip(np.floor(_series(scores) + 0.5), GRADES[0], GRADES[-1]).astype(np.int64)


def bias(scores: ArrayLike, truth: ArrayLike) -> float:
    """How far the scores lie above the truth in the mean, in points."""
    differences = _series(scores) - _series(truth)
    return float(differences.mean()) if differences.size else np.nan


def kendall(scores: ArrayLike, truth: ArrayLike) -> float:
    """Kendall's tau-b, which allows for ties."""
    from scipy.stats import kendalltau

    one, two = _series(scores), _series(truth)
    return float(kendalltau(one, two).statistic) if one.size > 1 else np.nan


def quadratic_kappa(scores: ArrayLike, truth: ArrayLike) -> float:
    """Cohen's kappa of the grades, errors weighted by their square (Cohen 1968)."""
    one, two = grades(scores), grades(truth)
    if not one.size:
        return np.nan
    # What the grades would differ by if they were drawn at random from both.
    by_chance = float(((one[:, None] - two[None, :]) ** 2).mean())
    return 1 - float(((one - two) ** 2).mean()) / by_chance if by_chance else np.nan


def krippendorff_alpha(ratings: ArrayLike) -> float:
    """Krippendorff's alpha for interval data: 1 for full agreement, 0 for that of chance.

    From "Computing Krippendorff's Alpha-Reliability" (2011), section E. Units with fewer than two
    ratings do not count.

    Args:
        ratings: Raters x units; NaN where a rater did not rate.
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim != 2 or not table.size:
        return np.nan
    known = (~np.isnan(table)).sum(axis=0)
    table, known = table[:, known > 1], known[known > 1]
    values = table[~np.isnan(table)]
    if values.size < 2 or np.ptp(values) == 0:
        return np.nan
    # The mean squared difference of all pairs of n values is twice their variance with n - 1.
    within_units = np.nanvar(table, axis=0, ddof=1)
    observed = float((known * within_units).sum() / values.size)
    return 1 - observed / float(values.var(ddof=1))


def pair_accuracy(scores: ArrayLike, truth: ArrayLike, groups: ArrayLike) -> PairAccuracy:
    """How often a judge orders two results as the truth does; results of one group are compared.

    Args:
        scores: The judge's.
        truth: In the same order; two of equal truth have no order.
        groups: What a result may be compared within, such as its class or its instruction.
    """
    one, two, of = _series(scores), _series(truth), np.asarray(groups)
    first, second = np.triu_indices(one.size, 1)
    same = of[first] == of[second]
    said, true = (one[first] - one[second])[same], np.sign(two[first] - two[second])[same]
    differ = true != 0
    hits = np.sign(said[differ]) == true[differ]
    ties = said[differ] == 0
    n = int(differ.sum())
    best, epsilon = _best_epsilon(said, true)
    return PairAccuracy(
        n=n,
        ties_wrong=float(hits.mean()) if n else np.nan,
        ties_half=float((hits + ties / 2).mean()) if n else np.nan,
        best=best,
        epsilon=epsilon,
    )


def _best_epsilon(said: Series, true: Series) -> tuple[float, float]:
    """The largest share of pairs told rightly, and the smallest epsilon that gives it."""
    if not said.size:
        return np.nan, np.nan
    order = np.argsort(np.abs(said), kind="stable")
    far = np.abs(said)[order]
    right_as_tie = np.cumsum(true[order] == 0)
    right = (np.sign(said) == true)[order]
    right_beyond = right.sum() - np.cumsum(right)
    last_of_equal = np.append(far[1:] != far[:-1], True)
    shares = (right_as_tie + right_beyond)[last_of_equal] / said.size
    at = int(np.argmax(shares))
    ends = far[last_of_equal]
    # Below the smallest difference nothing is a tie.
    none = float(right.mean())
    return (none, 0.0) if none >= shares[at] else (float(shares[at]), float(ends[at]))


def _series(values: ArrayLike) -> Series:
    return np.asarray(values, np.float64)
