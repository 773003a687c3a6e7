"""What figures are computed over: each case and turn once, the mean of its epochs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmark.runs.folder import SampleLine
from benchmark.statistics.counting import USUAL, Counting
from models.faults import ImgEditError

Key = tuple[str, str, str, int]
"""Suite, task, case and turn."""


def key_of(line: SampleLine) -> Key:
    """What the epochs of one output have in common."""
    return line.suite, line.task, line.id, line.turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Values in clusters of tasks; the arrays are of one length."""

    values: NDArray[np.float64]
    task: NDArray[np.intp]
    """Index into `tasks`."""
    cluster: NDArray[np.intp]
    """Index of the source picture, below `clusters`."""
    tasks: tuple[str, ...]
    """In the order in which they come first; with their suite, where there are several."""
    clusters: int

    @classmethod
    def of(cls, values: Mapping[Key, float], clusters: Mapping[Key, str]) -> Self:
        """A value for each key, and the cluster that each belongs to."""
        several = len({suite for suite, *_ in values}) > 1
        names = [f"{suite}/{task}" if several else task for suite, task, *_ in values]
        tasks = list(dict.fromkeys(names))
        sources = {name: i for i, name in enumerate(dict.fromkeys(clusters[key] for key in values))}
        places = {name: index for index, name in enumerate(tasks)}
        return cls(
            values=np.fromiter(values.values(), np.float64, len(values)),
            task=np.array([places[name] for name in names], np.intp),
            cluster=np.array([sources[clusters[key]] for key in values], np.intp),
            tasks=tuple(tasks),
            clusters=len(sources),
        )

    def totals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums and counts, clusters x tasks."""
        shape = (self.clusters, len(self.tasks))
        sums, counts = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, (self.cluster, self.task), self.values)
        np.add.at(counts, (self.cluster, self.task), 1.0)
        return sums, counts


def means(lines: Iterable[SampleLine], how: Counting = USUAL) -> dict[Key, float]:
    """The mean over epochs of what counts, or what `how` makes of it; without what has none."""
    found = defaultdict[Key, list[float]](list)
    for line in lines:
        if line.score is not None:
            found[key_of(line)].append(line.score)
    return {key: how.reduced(scores) for key, scores in found.items()}


def clusters(lines: Iterable[SampleLine], how: Counting = USUAL) -> dict[Key, str]:
    """The source picture of each, or whatever `how` takes for independent."""
    by_case = how.cluster == "case"
    return {key_of(line): f"{line.suite}/{line.id}" if by_case else line.cluster for line in lines}


def units(lines: Sequence[SampleLine], how: Counting = USUAL) -> Units:
    """What one judge's lines count as."""
    return Units.of(means(lines, how), clusters(lines, how))


def by_judge(samples: Iterable[SampleLine]) -> dict[str, list[SampleLine]]:
    """The lines of each judge, in the order of their first."""
    found = defaultdict[str, list[SampleLine]](list)
    for line in samples:
        found[line.judge].append(line)
    return dict(found)


def lines_of(samples: Iterable[SampleLine], judge: str = "") -> tuple[str, list[SampleLine]]:
    """The lines of a judge, or of the first that there is; its name before them.

    Raises:
        ImgEditError: There is none, or none of that name.
    """
    found = by_judge(samples)
    if not found or (judge and judge not in found):
        message = f"no sample of judge {judge!r}; there are those of {', '.join(found) or 'nobody'}"
        raise ImgEditError(message)
    name = judge or next(iter(found))
    return name, found[name]
