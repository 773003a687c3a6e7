"""A judge on published comparisons, of which it knows the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from benchmark.public_sets import Compared
from imgedit_assets.judging.benches import bench_markdown, try_bench
from models.edit_types.registry import load_edit_types
from models.faults import Fault, Reason
from models.judge.judgement import Judgement, JudgeRequest
from resources.sources.encode import lossless


@dataclass(frozen=True)
class Grey:
    """A picture of one grey."""

    value: int

    def data(self) -> bytes:
        return lossless(np.full((8, 8, 3), self.value, np.uint8))


class BrighterIsBetter:
    """Judges by brightness, and fails at black."""

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        values = [float(request.target.mean()) for request in requests]
        return [
            Judgement(adherence=1 + v / 64, quality=5, preservation=1, reason="")
            if v
            else Fault(reason=Reason.BAD_REPLY, detail="black")
            for v in values
        ]


def pair(first: int, second: int, better: str, *, group: str, criterion: str = "score") -> Compared:
    return Compared(
        key=f"{first} {second}",
        group=group,
        task="",
        criterion=criterion,
        instruction="brighten it",
        source=Grey(9),
        results=(Grey(first), Grey(second)),
        worth={"first": (1, 0), "second": (0, 1), "tie": (0, 0)}[better],
    )


def test_pairs_rankings_ties_and_failures_are_counted() -> None:
    told = [
        pair(90, 30, "first", group="a"),
        pair(30, 90, "first", group="a"),
        pair(60, 90, "second", group="b"),
        pair(60, 60, "tie", group="b"),
        pair(90, 0, "first", group="c"),
        pair(90, 30, "first", group="d", criterion="preservation"),
    ]
    whole, kept = try_bench(BrighterIsBetter(), told, load_edit_types()["hybrid"])
    assert (whole.comparisons, whole.faults) == (5, 1)
    assert (whole.right.hits, whole.right.n) == (2, 4)
    assert whole.pairs.ties_wrong == pytest.approx(2 / 3)
    assert (whole.groups.hits, whole.groups.n) == (1, 3)
    # By preservation it finds both alike, which is wrong, or half right.
    assert (kept.criterion, kept.right.hits, kept.pairs.ties_half) == ("preservation", 0, 0.5)
    assert "| vcreward" in bench_markdown("vcreward", [kept])
