"""From what the trees say to calibrated distributions over the scale."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.judge.deserved import GOOD_FAILURE
from models.judge.findings import BEST, WORST

Floats = NDArray[np.float32]

LEVELS = np.linspace(WORST, BEST, 17, dtype=np.float32)
"""Quarter points."""
GOOD_ABOVE = BEST - (BEST - WORST) * GOOD_FAILURE
_SAID = np.linspace(WORST, BEST, 33, dtype=np.float32)
_WIDTH = 0.2
"""Of the kernel, in points: said scores nearer than this are told apart little."""
_SPARSE = 2.0
"""Lessons' worth of weight that the wider kernel has, so that sparse regions borrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What labels pairs had of which that was said, before they were learnt from."""

    shares: Floats
    """4 x said x levels: of each criterion, and of their mean, the distribution of the label."""
    good: Floats
    """The probability of a good pair by the mean that was said."""

    @classmethod
    def fitted(cls, said: Floats, labels: Floats, weight: Floats) -> Self:
        """Smooth the labels of pairs over what was said of them (Nadaraya 1964).

        Args:
            said: Pairs x 3, by trees that had not seen them.
            labels: Pairs x 3.
            weight: Of each pair.
        """
        spoken, meant = _with_mean(said), _with_mean(labels)
        near = _kernel(_SAID[None, :, None], spoken.T[:, None, :], weight)
        total = near.sum(axis=2, keepdims=True)
        rounded = np.abs(meant.T[:, :, None] - LEVELS).argmin(axis=2)
        shares = np.einsum("csn,cnl->csl", near, np.eye(len(LEVELS), dtype=np.float32)[rounded])
        good = near[3] @ (meant[:, 3] > GOOD_ABOVE).astype(np.float32)
        return cls(
            shares=np.asarray(shares / total, np.float32),
            good=np.asarray(np.maximum.accumulate(good / total[3, :, 0]), np.float32),
        )

    def spread(self, said: Floats) -> Floats:
        """Pairs x 3 x levels: how likely each level of each criterion is."""
        at = (np.clip(said, WORST, BEST) - WORST) / (_SAID[1] - _SAID[0])
        low = np.minimum(at.astype(int), len(_SAID) - 2)
        part = (at - low)[..., None]
        criterion = np.arange(3)
        found = (1 - part) * self.shares[criterion, low] + part * self.shares[criterion, low + 1]
        return np.asarray(found, np.float32)

    def good_probability(self, said: Floats) -> Floats:
        """Of each pair, that its failure is below `GOOD_FAILURE`."""
        return np.asarray(np.interp(said.mean(axis=1), _SAID, self.good), np.float32)


def mean_of(spread: Floats) -> Floats:
    """The expected score of each distribution."""
    return np.asarray(spread @ LEVELS, np.float32)


def _with_mean(criteria: Floats) -> Floats:
    return np.concatenate([criteria, criteria.mean(axis=1, keepdims=True)], axis=1)


def _kernel(at: Floats, said: Floats, weight: Floats) -> Floats:
    gap = ((at - said) / _WIDTH) ** 2
    narrow, wide = np.exp(-gap / 2) * weight, np.exp(-gap / 32) * weight
    share = _SPARSE / np.maximum(wide.sum(axis=2, keepdims=True), 1e-6)
    return np.asarray(narrow + np.minimum(share, 1) * wide + 1e-9, np.float32)
