"""The figures of a run: what `results.json` holds."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from statistics import fmean, stdev
from typing import Any

import numpy as np

from benchmark.protocols.protocol import Aggregation, Status
from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import Estimates, estimates
from benchmark.statistics.counting import USUAL, Counting
from benchmark.statistics.judges import sensitivity
from benchmark.statistics.units import Units, by_judge, key_of, lines_of, units

Figures = dict[str, Any]
"""As JSON; what is not defined is None."""

NO_LIMIT = (-np.inf, np.inf)
MACRO = Aggregation()


def results(
    samples: Sequence[SampleLine],
    *,
    judge: str = "",
    scale: tuple[float, float] = NO_LIMIT,
    aggregation: Aggregation = MACRO,
    how: Counting = USUAL,
) -> Figures:
    """Means with intervals, counts and noise; of each judge, where there are several.

    A sample counts with its `score`; one without is unscored, and counted as that. Epochs of one
    output become one score first. The keys are

    - `judge`: whose figures stand at the top: the one named, or the first; `counting`: `how`;
    - `overall`, `micro`, `tasks.<name>`, `groups.<name>`: `mean, stderr, low, high, n, clusters`,
      where `overall` is as the aggregation says, also inside a group: of the tasks, or as `micro`
      of all cases;
    - `criteria.<name>`: the same as `overall`, of one criterion, over the answers that give it;
    - `counts.<status>`: samples by how they ended; `total` and `unscored` of them;
    - `quirks.<name>`: the samples on which a quirk of the protocol bore, if any did;
    - `repeats`: how much the same output's score differs between epochs;
    - `judges.<name>`: the same of each judge, and `sensitivity`: how they agree, if there are
      several.

    Args:
        samples: Of one run.
        judge: Whose figures are the headline.
        scale: The least and the best score.
        aggregation: How the scores of cases become figures.
        how: What becomes of epochs, and of which clusters and how wide intervals are.

    Raises:
        ImgEditError: There is no sample, or none of that judge.
    """
    name, _ = lines_of(samples, judge)
    each = {
        other: _figures(lines, scale, aggregation, how)
        for other, lines in by_judge(samples).items()
    }
    found: Figures = {"judge": name, "counting": asdict(how), **each[name]}
    if len(each) > 1:
        found["judges"] = each
        found["sensitivity"] = sensitivity(samples, how)
    return found


def _figures(
    lines: Sequence[SampleLine],
    scale: tuple[float, float],
    aggregation: Aggregation,
    how: Counting,
) -> Figures:
    def estimated(part: Sequence[SampleLine]) -> Estimates:
        counted = units(part, how)
        found = estimates(counted, scale=scale, how=how)
        if aggregation.digits is not None:
            found = _rounded(found, counted, aggregation.digits)
        return replace(found, macro=found.micro) if aggregation.overall == "micro" else found

    found = estimated(lines)
    groups = {
        group: estimated([line for line in lines if group in line.groups]).macro
        for group in dict.fromkeys(group for line in lines for group in line.groups)
    }
    criteria = {
        name: estimated([replace(line, score=line.criteria.get(name)) for line in lines]).macro
        for name in dict.fromkeys(name for line in lines for name in line.criteria)
    }
    ended = Counter(line.status for line in lines)
    quirks = Counter(quirk for line in lines for quirk in line.quirks)
    return {
        "overall": asdict(found.macro),
        "micro": asdict(found.micro),
        "tasks": {name: asdict(task) for name, task in found.tasks.items()},
        "groups": {name: asdict(group) for name, group in groups.items()},
        "criteria": {name: asdict(criterion) for name, criterion in criteria.items()},
        "counts": {status.value: ended[status] for status in Status},
        "total": len(lines),
        "unscored": sum(line.score is None for line in lines),
        "repeats": repeats(lines, aggregation),
        **({"quirks": dict(quirks)} if quirks else {}),
    }


def _rounded(found: Estimates, counted: Units, digits: int) -> Estimates:
    """The means of the tasks rounded, and the macro mean that of those; intervals as they are.

    Summed without error, as Python's `sum` does: a half cent falls as in a script that uses it.
    """
    tasks = {
        name: replace(
            found.tasks[name], mean=round(fmean(counted.values[counted.task == at]), digits)
        )
        for at, name in enumerate(counted.tasks)
    }
    means = [task.mean for task in tasks.values() if task.mean is not None]
    macro = replace(found.macro, mean=fmean(means) if means else None)
    return replace(found, macro=macro, tasks=tasks)


def repeats(lines: Sequence[SampleLine], aggregation: Aggregation = MACRO) -> Figures:
    """The noise between epochs.

    `within_sd` is the standard deviation of one output's score over its epochs, pooled over all
    that have two or more; `overall_sd` that of the headline between epochs, each computed alone,
    which is what "over three seeds" means in papers.
    """
    scores, epochs = defaultdict[Any, list[float]](list), defaultdict[int, list[SampleLine]](list)
    for line in lines:
        epochs[line.epoch].append(line)
        if line.score is not None:
            scores[key_of(line)].append(line.score)
    several = [found for found in scores.values() if len(found) > 1]
    free = sum(len(found) - 1 for found in several)
    squares = sum((score - fmean(found)) ** 2 for found in several for score in found)
    overall = {epoch: _overall(epochs[epoch], aggregation) for epoch in sorted(epochs)}
    known = [mean for mean in overall.values() if mean is not None]
    return {
        "epochs": len(epochs),
        "within_sd": (squares / free) ** 0.5 if free else None,
        "overall_by_epoch": {str(epoch): mean for epoch, mean in overall.items()},
        "overall_sd": stdev(known) if len(known) > 1 else None,
    }


def _overall(lines: Sequence[SampleLine], aggregation: Aggregation) -> float | None:
    sums, counts = units(lines).totals()
    if not sums.size:
        return None
    if aggregation.overall == "micro":
        return float(sums.sum() / counts.sum())
    tasks = sums.sum(0) / counts.sum(0)
    return float((tasks if aggregation.digits is None else tasks.round(aggregation.digits)).mean())
