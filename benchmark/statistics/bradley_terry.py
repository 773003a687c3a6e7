"""Editors ranked by pairs that were judged, with ties, each pair in both orders.

Davidson's model with an effect of the order (Davidson and Beaver 1977, Biometrics 33, 693-702):
the first, the second and the tie win with odds exp(a + first), exp(b), exp(tie + (a + b) / 2),
where `a` and `b` are the strengths of the two editors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.judging.pair import Winner
from benchmark.statistics.bootstrap import drawn
from models.faults import ImgEditError

Array = NDArray[np.float64]
OUTCOMES: tuple[Winner, ...] = ("first", "second", "tie")

_STEPS = 25
_RIDGE = 0.05
"""A twentieth of a vote in favour of equality: an editor that never lost has a finite strength."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a judge said of two outputs of one case."""

    first: str
    """The editor whose output was shown first."""
    second: str
    winner: Winner
    cluster: str
    """The source picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """Log-odds against the mean of all editors, with a 95 % interval."""

    value: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What votes say of editors."""

    strengths: dict[str, Strength]
    """The best first."""
    first: float
    """Log-odds that being shown first is worth: 0 for a judge without that bias."""
    both_orders: float
    """Share of the pairs of editors that were shown in both orders, 0 to 1."""
    clusters: int


def rank(votes: Sequence[Vote], *, iterations: int = 500, seed: int = 0) -> Ranking:
    """Strengths by maximum likelihood, intervals by a bootstrap over source pictures.

    Raises:
        ImgEditError: There is no vote, or an editor is compared with itself.
    """
    if not votes or any(vote.first == vote.second for vote in votes):
        message = "a ranking needs votes, each about two different editors"
        raise ImgEditError(message)
    names = sorted({name for vote in votes for name in (vote.first, vote.second)})
    orders = sorted({(vote.first, vote.second) for vote in votes})
    sources = sorted({vote.cluster for vote in votes})
    counts = np.zeros((len(sources), len(orders), len(OUTCOMES)))
    for vote in votes:
        place = sources.index(vote.cluster), orders.index((vote.first, vote.second))
        counts[(*place, OUTCOMES.index(vote.winner))] += 1
    weights = np.vstack([np.ones(len(sources)), drawn(len(sources), iterations, seed)])
    fitted = _fit(_design(names, orders), np.einsum("bc,cmo->bmo", weights, counts))
    strengths = fitted[:, : len(names)]
    strengths = strengths - strengths.mean(1, keepdims=True)
    low, high = np.quantile(strengths[1:], [0.025, 0.975], axis=0)
    found = {
        name: Strength(
            value=float(strengths[0, index]),
            low=float(low[index]),
            high=float(high[index]),
            votes=sum(name in (vote.first, vote.second) for vote in votes),
        )
        for index, name in enumerate(names)
    }
    pairs = {frozenset(order) for order in orders}
    return Ranking(
        strengths=dict(sorted(found.items(), key=lambda item: -item[1].value)),
        first=float(fitted[0, -2]),
        both_orders=len(orders) / len(pairs) - 1,
        clusters=len(sources),
    )


def _design(names: Sequence[str], orders: Sequence[tuple[str, str]]) -> Array:
    """What each parameter adds to the log-odds: orders x outcomes x (editors, first, tie)."""
    design = np.zeros((len(orders), len(OUTCOMES), len(names) + 2))
    for row, (first, second) in enumerate(orders):
        one, two = names.index(first), names.index(second)
        design[row, 0, [one, -2]] = 1.0
        design[row, 1, two] = 1.0
        design[row, 2, [one, two]] = 0.5
        design[row, 2, -1] = 1.0
    return design


def _fit(design: Array, counts: Array) -> Array:
    """Newton's method on the concave likelihood, for all samples at once.

    Args:
        design: Orders x outcomes x parameters.
        counts: Samples x orders x outcomes.

    Returns:
        Samples x parameters.
    """
    n_parameters = design.shape[-1]
    beta = np.zeros((len(counts), n_parameters))
    total = counts.sum(2)
    for _ in range(_STEPS):
        odds = np.einsum("mop,bp->bmo", design, beta)
        chance = np.exp(odds - odds.max(2, keepdims=True))
        chance /= chance.sum(2, keepdims=True)
        rest = counts - total[..., None] * chance
        slope = np.einsum("bmo,mop->bp", rest, design) - _RIDGE * beta
        mean = np.einsum("bmo,mop->bmp", chance, design)
        second = np.einsum("bm,bmo,mop,moq->bpq", total, chance, design, design, optimize=True)
        bend = second - np.einsum("bm,bmp,bmq->bpq", total, mean, mean, optimize=True)
        step = np.linalg.solve(bend + _RIDGE * np.eye(n_parameters), slope[..., None])[..., 0]
        # A long step from a far point may overshoot; log-odds of 2 at a time do not.
        beta += np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    return beta
