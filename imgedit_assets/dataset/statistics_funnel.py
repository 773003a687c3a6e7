"""The funnel: what went into every stage, what came out, and what an accepted pair cost."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from benchmark.agreement import Proportion, wilson
from resources.schema import ASSET_ROWS, AcceptedPair, JudgeProbe

NO_PAIRS_COME_OF = (JudgeProbe.TABLE,)
"""Stages that measure; what they cost is no part of a pair's price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One stage over its finished partitions."""

    asset: str
    units: int
    whole: Proportion
    """Units of which nothing was rejected, among all."""
    rows: int
    rejects: Mapping[str, int]
    """Count by reason, the most frequent first."""
    seconds: float
    """Compute, summed over its units, those that were rejected too; lanes that ran side by side
    count each."""
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an accepted pair cost, with all that was rejected on the way; NaN where there is none.

    Images and regions serve every class, so their share is the same for each accepted pair.
    """

    edit_type: str
    """Empty for all classes together."""
    accepted: int
    own_s: float
    own_usd: float
    """Instructions, painting, judging and the gate."""
    upstream_s: float
    upstream_usd: float
    """Sources, images and regions."""

    @property
    def seconds(self) -> float:
        """Compute for each accepted pair."""
        return self.own_s + self.upstream_s

    @property
    def cost_usd(self) -> float:
        """What was billed for each accepted pair."""
        return self.own_usd + self.upstream_usd


def stage_rows(partitions: pl.DataFrame, units: pl.DataFrame) -> tuple[StageRow, ...]:
    """Every stage that has a finished partition, in the order of the graph.

    Args:
        partitions: `asset`, `units`, `rows` and `rejects` (JSON: count by reason) of each.
        units: `asset`, `whole` (units without a reject), `seconds`, `cost_usd`, in sums.
    """
    order = {asset: i for i, asset in enumerate(ASSET_ROWS)}
    rows = []
    for (asset,), some in partitions.group_by("asset"):
        done = units.filter(pl.col("asset") == asset)
        reasons = sum((Counter(json.loads(text)) for text in some["rejects"]), Counter[str]())
        n = int(some["units"].sum())
        rows.append(
            StageRow(
                asset=str(asset),
                units=n,
                # A partition that is being made again has units that its head does not count.
                whole=wilson(min(n, int(done["whole"].sum())), n),
                rows=int(some["rows"].sum()),
                rejects=dict(reasons.most_common()),
                seconds=float(done["seconds"].sum()),
                cost_usd=float(done["cost_usd"].sum()),
            )
        )
    return tuple(sorted(rows, key=lambda row: order[row.asset]))


def prices(partitions: pl.DataFrame, units: pl.DataFrame) -> tuple[Price, ...]:
    """The price of an accepted pair: over all classes, then of each class that has units."""
    accepted = partitions.filter(pl.col("asset") == AcceptedPair.TABLE)
    counts: dict[str, int] = dict(
        accepted.group_by("edit_type").agg(pl.col("rows").sum()).iter_rows()
    )
    paid = units.filter(~pl.col("asset").is_in(NO_PAIRS_COME_OF))
    shared = paid.filter(pl.col("edit_type") == "").select("seconds", "cost_usd").sum()
    own = paid.filter(pl.col("edit_type") != "")
    by_type = own.group_by("edit_type").agg(pl.col("seconds", "cost_usd").sum())
    total = own.select(pl.lit("").alias("edit_type"), pl.col("seconds", "cost_usd").sum())
    everything = sum(counts.values())
    upstream = [_each(value, everything) for value in shared.row(0)]
    return tuple(
        Price(
            edit_type=name,
            accepted=n,
            own_s=_each(seconds, n),
            own_usd=_each(cost_usd, n),
            upstream_s=upstream[0],
            upstream_usd=upstream[1],
        )
        for name, seconds, cost_usd in [*total.head(1).rows(), *by_type.sort("edit_type").rows()]
        for n in [counts.get(name, 0) if name else everything]
    )


def _each(total: float, n: int) -> float:
    return total / n if n else float("nan")
