"""Means of measures with their intervals, by task."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from benchmark.measures.lines import MEASURES
from benchmark.runs.folder import MeasureLine, SampleLine
from benchmark.statistics.bootstrap import Estimates, estimates
from benchmark.statistics.units import Key, Units, key_of


def summary(found: Iterable[MeasureLine], samples: Sequence[SampleLine]) -> Mapping[str, Estimates]:
    """Each measure that was taken, in the order of `MEASURES`; epochs are averaged first.

    Args:
        found: The lines.
        samples: Of the run: they tell of each output its task and source picture.
    """
    told = {(line.id, line.epoch, line.turn): line for line in samples}
    values = defaultdict[str, dict[Key, list[float]]](lambda: defaultdict(list))
    clusters: dict[Key, str] = {}
    for line in found:
        if sample := told.get(line.key):
            clusters[key_of(sample)] = sample.cluster
            for name, value in line.values.items():
                values[name][key_of(sample)].append(value)
    means = {name: {key: fmean(each) for key, each in of.items()} for name, of in values.items()}
    return {n: estimates(Units.of(means[n], clusters)) for n in MEASURES if n in means}
