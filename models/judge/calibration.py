"""Whether a judge's probabilities hold, and from which on its word is enough.

A probability here is that a pair is good: that its true failure is below
`models.judge.deserved.GOOD_FAILURE`.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.faults import ImgEditError

BINS = 10
LEAST = 20
"""Pairs with a known truth below which nothing is calibrated."""
_STEPS = 40
"""Thresholds that are tested one after the other."""
_FIRST_FRAC = 0.2
"""Of the pairs, how many the strictest threshold takes: one stray pair is then no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The pairs whose probability falls between two bounds."""

    low: float
    high: float
    said: float
    """Their mean probability."""
    good: float
    """The share of them that is good."""
    n: int


def reliability(probabilities: ArrayLike, good: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """The rows of a reliability diagram: equally wide bins, empty ones left out.

    Raises:
        ImgEditError: The two differ in length, or a probability is none.
    """
    said, true = _checked(probabilities, good)
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    return tuple(
        ReliabilityBin(
            low=number / BINS,
            high=(number + 1) / BINS,
            said=float(said[place == number].mean()),
            good=float(true[place == number].mean()),
            n=int((place == number).sum()),
        )
        for number in np.unique(place)
    )


def expected_calibration_error(probabilities: ArrayLike, good: ArrayLike) -> float:
    """The mean distance of what was said from what holds, 0 to 1 (Naeini 2015, ten bins).

    Raises:
        ImgEditError: The two differ in length, or a probability is none.
    """
    bins = reliability(probabilities, good)
    total = sum(each.n for each in bins)
    return sum(each.n * abs(each.said - each.good) for each in bins) / total


class Decision(StrEnum):
    """What becomes of a pair."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNDECIDED = "undecided"
    """Somebody should look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Two thresholds of the probability, proven on pairs with a known truth."""

    accept_from: float | None
    """None where no threshold keeps the bound."""
    reject_below: float | None
    """Below it, likewise, the share of good ones is under the bound."""
    bound: float
    confidence: float
    n: int
    """Pairs that it was proven on."""

    def decide(self, probability: float) -> Decision:
        """What becomes of a pair of that probability."""
        if self.accept_from is not None and probability >= self.accept_from:
            return Decision.ACCEPT
        if self.reject_below is not None and probability < self.reject_below:
            return Decision.REJECT
        return Decision.UNDECIDED


def acceptance(
    probabilities: ArrayLike, good: ArrayLike, *, bound: float = 0.05, confidence: float = 0.9
) -> Acceptance:
    """The lowest threshold above which at most `bound` of the pairs are bad, and its mirror image.

    Learn then Test (Angelopoulos 2021): thresholds are tested from the strictest down, each by the
    exact binomial test of "more than `bound` of what is accepted is bad", and the last before the
    first that is not rejected is taken. So with the stated confidence the bound holds for further
    pairs that are drawn alike, whatever the judge is worth; a poor one accepts little or nothing.

    Args:
        probabilities: Of being good, of pairs that the judge did not learn from.
        good: Whether each of them is.
        bound: Share of the accepted that may be bad, and of the rejected that may be good.
        confidence: That the bound holds; of each threshold by itself.

    Raises:
        ImgEditError: There are too few pairs, all are of one kind, or an argument is no share.
    """
    said, true = _checked(probabilities, good)
    if not (0 < bound < 1 and 0 < confidence < 1):
        message = f"bound {bound} and confidence {confidence} are to lie between 0 and 1"
        raise ImgEditError(message)
    if len(said) < LEAST:
        message = (
            f"{len(said)} pairs with a known truth, and a threshold needs {LEAST}: judge more "
            "studio pairs, or have more pairs rated"
        )
        raise ImgEditError(message)
    if true.all() or not true.any():
        message = (
            f"all {len(said)} pairs are {'good' if true.all() else 'bad'}: a threshold is proven "
            "on pairs of both kinds; add spoilt ones, or better ones"
        )
        raise ImgEditError(message)
    mirrored = _threshold(1 - said, ~true, bound, confidence)
    return Acceptance(
        accept_from=_threshold(said, true, bound, confidence),
        reject_below=None if mirrored is None else 1 - mirrored,
        bound=bound,
        confidence=confidence,
        n=len(said),
    )


def _threshold(
    said: NDArray[np.float64], true: NDArray[np.bool_], bound: float, confidence: float
) -> float | None:
    from scipy.stats import binom

    # With fewer pairs than this even none that is bad proves nothing.
    least = int(np.ceil(np.log(1 - confidence) / np.log(1 - bound)))
    least = max(least, int(np.ceil(_FIRST_FRAC * len(said))))
    if least > len(said):
        return None
    ordered = np.sort(said)[::-1]
    found = None
    for taken in np.unique(np.linspace(least, len(said), _STEPS).astype(int)):
        threshold = float(ordered[taken - 1])
        accepted = said >= threshold
        bad = int((~true[accepted]).sum())
        if binom.cdf(bad, int(accepted.sum()), bound) > 1 - confidence:
            break
        found = threshold
    return found


def _checked(
    probabilities: ArrayLike, good: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    said, true = np.asarray(probabilities, np.float64), np.asarray(good, np.bool_)
    if said.shape != true.shape or said.ndim != 1 or not said.size:
        message = f"{said.shape} probabilities for {true.shape} pairs: give one for each"
        raise ImgEditError(message)
    if not ((said >= 0) & (said <= 1)).all():
        message = f"probabilities from {said.min()} to {said.max()} are to lie between 0 and 1"
        raise ImgEditError(message)
    return said, true
