"""Judges against the comparisons of published benches: whether they order results as people do."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from benchmark.agreement import Proportion, wilson
from benchmark.cases import pixels, sized
from benchmark.ordinal import PairAccuracy, pair_accuracy
from benchmark.public_sets import Compared
from imgedit_assets.dataset.report_markdown import NOTHING, named, number, rate, table
from imgedit_assets.judging.trying import AT_ONCE, Asked
from models.edit_types.spec import EditType
from models.faults import Fault
from models.judge.judgement import JudgeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchStanding:
    """A judge on the comparisons of a bench by one criterion."""

    criterion: str
    """`score`, `adherence` or `preservation`."""
    comparisons: int
    right: Proportion
    """Of those that have a better result; a judge's tie is wrong, and so is a failure."""
    pairs: PairAccuracy
    """Of those that it judged."""
    groups: Proportion
    """Rankings of which every comparison is right; a tie in truth must be one of the judge."""
    faults: int
    """Results that it failed at."""


def try_bench(judge: Asked, found: Iterable[Compared], mixed: EditType) -> list[BenchStanding]:
    """Ask a judge about every result of a bench.

    Args:
        judge: Set up.
        found: The comparisons, of which a few are in memory at once.
        mixed: The class that all are judged as, since a bench's classes are not ours.
    """
    told = [one for some in _few(found) for one in _scored(judge, some, mixed)]
    criteria = dict.fromkeys(compared.criterion for compared, _ in told)
    return [_standing(name, [one for one in told if one[0].criterion == name]) for name in criteria]


def bench_markdown(name: str, found: Sequence[BenchStanding]) -> str:
    """The standings on a bench as a table."""
    rows = [
        [
            *(name, named(one.criterion), f"{one.comparisons:,}", rate(one.right)),
            number(one.pairs.ties_half),
            f"{number(one.pairs.best)} at {number(one.pairs.epsilon)}" if one.pairs.n else NOTHING,
            *(rate(one.groups), f"{one.groups.n:,}", str(one.faults)),
        ]
        for one in found
    ]
    head = ["bench", "by", "comparisons", "right, ties wrong", "ties half", "best epsilon"]
    return table([*head, "whole rankings right", "rankings", "failed"], rows, words=(0, 1))


Told = tuple[Compared, tuple[float, ...]]
"""A comparison, and what a judge gave each of its results; NaN where it failed."""


def _few(found: Iterable[Compared]) -> Iterator[list[Compared]]:
    rest = iter(found)
    while some := list(islice(rest, AT_ONCE // 2)):
        yield some


def _scored(judge: Asked, some: Sequence[Compared], mixed: EditType) -> Iterator[Told]:
    asked = [request for one in some for request in _requests(one, mixed)]
    verdicts = iter(judge.judge(asked))
    for one in some:
        said = [next(verdicts) for _ in one.results]
        yield (
            one,
            tuple(
                np.nan if isinstance(v, Fault) else float(getattr(v.capped(), one.criterion))
                for v in said
            ),
        )


def _requests(one: Compared, mixed: EditType) -> Iterator[JudgeRequest]:
    source = pixels(one.source)
    for result in one.results:
        yield JudgeRequest(
            edit_type=mixed,
            instruction=one.instruction,
            operations=(),
            source=source,
            target=sized(pixels(result), source),
            masks=(),
        )


def _standing(criterion: str, told: Sequence[Told]) -> BenchStanding:
    flat = [
        (score, worth, at)
        for at, (one, scores) in enumerate(told)
        for score, worth in zip(scores, one.worth, strict=True)
    ]
    known = [row for row in flat if np.isfinite(row[0])]
    scores, worth, at = zip(*known, strict=True) if known else ((), (), ())
    ordered = [one for one in told if len(set(one[0].worth)) > 1]
    groups: dict[str, list[bool]] = defaultdict(list)
    for one in told:
        groups[one[0].group].append(_is_right(*one))
    return BenchStanding(
        criterion=criterion,
        comparisons=len(told),
        right=wilson(sum(_is_right(*one) for one in ordered), len(ordered)),
        pairs=pair_accuracy(scores, worth, at),
        groups=wilson(sum(map(all, groups.values())), len(groups)),
        faults=len(flat) - len(known),
    )


def _is_right(one: Compared, scores: Sequence[float]) -> bool:
    """Whether a judge orders all results as people do."""
    pairs = combinations(zip(scores, one.worth, strict=True), 2)
    # A comparison with NaN has the sign NaN, which equals nothing.
    return all(np.sign(a - b) == np.sign(x - y) for (a, x), (b, y) in pairs)
