"""Verdicts in figures: the means of some rows of `benchmark_scores`, as a run computes its own."""

from typing import TYPE_CHECKING

from benchmark.runs.folder import SampleLine
from benchmark.statistics.bootstrap import Estimate, Estimates, estimates
from benchmark.statistics.units import units
from imgedit_assets.stages.contest import PROTOCOL

if TYPE_CHECKING:
    import polars as pl


def verdicts(frame: "pl.DataFrame") -> Estimates:
    """The means of some rows of `benchmark_scores`, over their source pictures."""
    return estimates(units(sample_lines(frame)), scale=PROTOCOL.scale)


def sample_lines(frame: "pl.DataFrame") -> list[SampleLine]:
    """Rows of `benchmark_scores` as lines of a run's `samples.jsonl`."""
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
        )
        for row in frame.iter_rows(named=True)
    ]


def estimate_figures(name: str, estimate: Estimate) -> dict[str, float]:
    """A mean under its name, with `_low`, `_high` and `_n`; nothing where none is defined."""
    if estimate.mean is None:
        return {}
    found: dict[str, float] = {name: estimate.mean}
    if estimate.low is not None and estimate.high is not None:
        found |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        found[f"{name}_n"] = estimate.n
    return found
