"""Verdicts in figures: the means of some rows of `benchmark_scores`, as a run computes its own."""

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import Estimate, Estimates, estimates
from benchmark.statistics.units import units
from imgedit_assets.stages.contest import PROTOCOL

if TYPE_CHECKING:
    import polars as pl

CRITERIA = ("adherence", "quality", "preservation")


def verdicts(frame: "pl.DataFrame") -> Estimates:
    """The means of some rows of `benchmark_scores`, over their source pictures.

    One picture for each task tells nothing of how far others would lie: there is no interval then.
    """
    found = estimates(units(sample_lines(frame)), scale=PROTOCOL.scale)
    if any(task.clusters > 1 for task in found.tasks.values()):
        return found
    return replace(found, macro=replace(found.macro, stderr=None, low=None, high=None))


def sample_lines(frame: "pl.DataFrame") -> list[SampleLine]:
    """Rows of `benchmark_scores` as lines of a run's `samples.jsonl`, as far as columns tell."""
    return [
        SampleLine(
            id=row["case_id"],
            suite=row["suite"],
            epoch=row["epoch"],
            turn=row["turn"],
            task=row["task"],
            cluster=row["cluster"],
            instruction=row["instruction"],
            judge=row["judge"],
            status=row["status"],
            score=row["score"],
            criteria={name: row[name] for name in CRITERIA if row.get(name) is not None},
            reason=row.get("reason", ""),
        )
        for row in frame.iter_rows(named=True)
    ]


def estimate_figures(name: str, estimate: Estimate) -> dict[str, float]:
    """A mean under its name, with `_n`, `_low` and `_high`; what is not defined is left out."""
    if estimate.mean is None:
        return {}
    found: dict[str, float] = {name: estimate.mean, f"{name}_n": estimate.n}
    if estimate.low is not None and estimate.high is not None:
        found |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return found
