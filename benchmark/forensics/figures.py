"""`fake.jsonl` and `fake.json`: what a detector said of outputs and of untouched sources.

The fake score of the paper is the recall alone (docs/paper.md). A detector that calls everything
edited has a recall of 1, so the false-positive rate always stands beside it here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.agreement import Proportion, wilson
from benchmark.runs.folder import FakeLine


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeShares:
    """Shares of pictures whose probability reaches a threshold, with 95 % Wilson intervals.

    The intervals take outputs for independent, also several of one source.
    """

    recall: Proportion | None
    """Of outputs; None where none was answered for, as with sources."""
    false_positive_rate: Proportion | None
    """Of untouched sources, each picture once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeFigures:
    """What `fake.json` holds."""

    detector: dict[str, Any]
    """`name`, `version`, `params`."""
    threshold: float
    overall: FakeShares
    tasks: dict[str, FakeShares]
    missing: int
    """Outputs that are not there; they count in neither share."""
    unscored: int
    """Pictures about which the detector failed; neither do they."""


def fake_shares(outputs: Iterable[float], sources: Iterable[float], threshold: float) -> FakeShares:
    """Both shares of some probabilities."""
    return FakeShares(
        recall=_share(outputs, threshold), false_positive_rate=_share(sources, threshold)
    )


def _share(probabilities: Iterable[float], threshold: float) -> Proportion | None:
    edited = [one >= threshold for one in probabilities]
    return wilson(sum(edited), len(edited)) if edited else None


def task_shares(
    lines: Sequence[FakeLine], threshold: float
) -> tuple[FakeShares, dict[str, FakeShares]]:
    """The score of all lines, and of each task with the sources of its outputs."""
    outputs = [line for line in lines if line.epoch]
    sources = {line.cluster: line.probability for line in lines if not line.epoch}

    def score(some: Sequence[FakeLine], clusters: Iterable[str]) -> FakeShares:
        found = (sources.get(cluster) for cluster in clusters)
        return fake_shares(
            (line.probability for line in some if line.probability is not None),
            (p for p in found if p is not None),
            threshold,
        )

    tasks = {}
    for task in dict.fromkeys(line.task for line in outputs):
        own = [line for line in outputs if line.task == task]
        tasks[task] = score(own, {line.cluster for line in own})
    return score(outputs, sources), tasks


def in_words(share: Proportion | None) -> str:
    """As "0.73 (0.65 to 0.80, n 132)"."""
    if share is None:
        return "none asked"
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f}, n {share.n})"
