"""A forest as plain arrays: grown by scikit-learn, kept and read without a pickle."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COLUMNS_FRAC = 0.4
"""Of the columns, how many each split may choose among."""
LEAST_LEAF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Trees of three outputs, whose mean is the answer."""

    column: NDArray[np.int16]
    """What each node asks for; -1 at a leaf."""
    threshold: Floats
    """Up to this a row goes left."""
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    """Nodes x 3: what a leaf says."""
    roots: NDArray[np.int32]

    @classmethod
    def grown(cls, x: Floats, y: Floats, weight: Floats, *, trees: int, seed: int) -> Self:
        """Extremely randomised trees (Geurts, Ernst and Wehenkel 2006), the same for a seed.

        Args:
            x: Rows x columns.
            y: Rows x 3.
            weight: Of each row.
            trees: How many.
            seed: Draws the splits.
        """
        from sklearn.ensemble import ExtraTreesRegressor

        forest = ExtraTreesRegressor(
            n_estimators=trees,
            max_features=COLUMNS_FRAC,
            min_samples_leaf=LEAST_LEAF,
            random_state=seed,
            n_jobs=2,
        ).fit(x, y, sample_weight=weight)
        grown = [tree.tree_ for tree in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in grown[:-1])])
        leaf = np.concatenate([tree.children_left < 0 for tree in grown])

        def of_all(name: str) -> NDArray[Any]:
            return np.concatenate([getattr(tree, name) for tree in grown])

        def children(side: str) -> NDArray[np.int32]:
            moved = [getattr(t, side) + root for t, root in zip(grown, roots, strict=True)]
            return np.where(leaf, 0, np.concatenate(moved)).astype(np.int32)

        return cls(
            column=np.where(leaf, -1, of_all("feature")).astype(np.int16),
            threshold=_rounded_down(of_all("threshold")),
            left=children("children_left"),
            right=children("children_right"),
            value=of_all("value")[:, :, 0].astype(np.float32),
            roots=roots.astype(np.int32),
        )

    def predict(self, x: Floats) -> Floats:
        """Rows x 3."""
        at = np.broadcast_to(self.roots, (len(x), len(self.roots))).copy()
        rows = np.arange(len(x))[:, None]
        while (inner := self.column[at] >= 0).any():
            goes_left = x[rows, np.maximum(self.column[at], 0)] <= self.threshold[at]
            at = np.where(inner, np.where(goes_left, self.left[at], self.right[at]), at)
        return np.asarray(self.value[at].mean(axis=1), np.float32)


def _rounded_down(thresholds: NDArray[np.float64]) -> Floats:
    """In single precision, so that no single precision number changes its side."""
    single = thresholds.astype(np.float32)
    above = single > thresholds
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return single
