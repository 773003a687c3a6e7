"""How figures are counted: what is one sample, what becomes of epochs, how wide an interval is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, mode
from typing import Literal

Reducer = Literal["mean", "median", "mode", "max"]
Cluster = Literal["source_image", "case"]

REDUCERS: Mapping[Reducer, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "median": median,
    "mode": mode,
    "max": max,
}
"""Of equally frequent scores the first is the mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The same samples, counted otherwise, have other figures."""

    epochs_reducer: Reducer = "mean"
    """What the scores of one output's epochs become."""
    cluster: Cluster = "source_image"
    """What is drawn in the bootstrap: a picture with all its cases, or each case by itself, as if
    cases of one picture were independent."""
    ci: float = 0.95
    """The share of intervals that hold the truth."""
    bootstrap_iters: int = 2000
    """Their own noise moves an end of a 95 % interval by about 4 % of a standard error."""
    seed: int = 0

    def reduced(self, scores: Sequence[float]) -> float:
        """One score of several epochs'."""
        return REDUCERS[self.epochs_reducer](scores)


USUAL = Counting()
