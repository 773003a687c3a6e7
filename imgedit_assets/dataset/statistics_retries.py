"""What further results of an instruction bring: yield, precision and price with and without."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from benchmark.agreement import Proportion, wilson
from imgedit_assets.stages.agreement import CRITERIA, thresholds
from models.judge.deserved import GOOD_FAILURE
from resources.profile import Accept

FIRST = ""
"""Stands for the way of first results."""
CHANCE = "seed"

COLUMNS = (
    *("edit_type", "instruction_id", "turn", "turns", *CRITERIA, "dialogue_score", "unsafe"),
    *("oracle_failure", "seconds", "cost_usd"),
)
"""Of first results; of further ones `number` and `way` besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRow:
    """What is accepted of some results, by the profile's least scores alone."""

    edit_type: str
    """Empty for all classes that have further results, together."""
    results: str
    """`first`, `best of n` (by chance as well), or `repaired` (all there are)."""
    accepted: Proportion
    """Accepted pairs among those that were painted first."""
    precision: Proportion
    """The good ones, by the oracle, among the accepted ones that it has a word on."""
    seconds: float
    """Compute of painting and judging for each accepted pair; NaN without one."""
    cost_usd: float


ARMS = (("first", (FIRST,)), ("best of n", (FIRST, CHANCE)), ("repaired", None))


def retry_rows(
    scored: pl.DataFrame, painted: pl.DataFrame, further: pl.DataFrame, accept: Accept
) -> tuple[RetryRow, ...]:
    """The three of each class that has further results, all together first; none without any.

    Args:
        scored: `COLUMNS` of first results.
        painted: `edit_type`, `seconds` and `cost_usd` of their painting.
        further: `COLUMNS`, `number` and `way` of further results, painting included.
        accept: What a pair needs to be accepted.
    """
    names = further["edit_type"].unique().sort().to_list()
    firsts = scored.select(COLUMNS).with_columns(number=pl.lit(0, pl.Int64), way=pl.lit(FIRST))
    results = pl.concat([firsts, further.select(firsts.columns)], how="vertical_relaxed")
    return tuple(_rows(results, painted, names, accept)) if names else ()


def _rows(
    results: pl.DataFrame, painted: pl.DataFrame, names: Sequence[str], accept: Accept
) -> Iterator[RetryRow]:
    for name, some in (("", names), *((name, [name]) for name in names)):
        of = pl.col("edit_type").is_in(some)
        paid = painted.filter(of).select(pl.col("seconds", "cost_usd").sum()).row(0)
        for arm, ways in ARMS:
            made = results.filter(of if ways is None else of & pl.col("way").is_in(list(ways)))
            yield _row(name, arm, made, paid, accept)


def _row(
    name: str, arm: str, made: pl.DataFrame, paid: tuple[float, float], accept: Accept
) -> RetryRow:
    kept = _best(made, accept)
    known = kept["oracle_failure"].drop_nulls()
    spent = made.select(pl.col("seconds", "cost_usd").sum()).row(0)
    seconds, cost_usd = (
        (one + two) / kept.height if kept.height else float("nan")
        for one, two in zip(paid, spent, strict=True)
    )
    return RetryRow(
        edit_type=name,
        results=arm,
        accepted=wilson(kept.height, made.filter(pl.col("number") == 0).height),
        precision=wilson(int((known < GOOD_FAILURE).sum()), len(known)),
        seconds=seconds,
        cost_usd=cost_usd,
    )


def _best(made: pl.DataFrame, accept: Accept) -> pl.DataFrame:
    """The pairs of each instruction's chosen result, as `accepted_pairs` chooses it."""
    least = thresholds(accept)
    passes = [pl.col(name.removeprefix("min_")) >= value for name, value in least.items()]
    safe = pl.col("unsafe").fill_null(0) <= accept.max_unsafe
    result = ["instruction_id", "number"]
    good = (
        made.group_by(result)
        .agg(
            pl.all_horizontal(*passes, safe).all().alias("passes"),
            pl.first("turns", "dialogue_score"),
        )
        .filter("passes")
    )
    ranked = good.sort("turns", "dialogue_score", "number", descending=[True, True, False])
    chosen = ranked.unique("instruction_id", keep="first", maintain_order=True)
    return made.join(chosen.select(result), on=result)
