"""What is in the store, counted: rows by table, shard and edit type, rejects, accepted pairs."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.agreement import Proportion, wilson
from resources.schema import ASSET_ROWS, AcceptedPair, EditPair, SourceImage
from resources.schema.keys import key_on

if TYPE_CHECKING:
    import polars as pl

    from resources.store import Store

PAIRS, ACCEPTED = EditPair.TABLE, AcceptedPair.TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTally:
    """One asset, over its finished partitions."""

    rows: int = 0
    units: int = 0
    partitions: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    """Count by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of finished partitions, read from their heads alone."""

    assets: Mapping[str, AssetTally]
    """Every asset, in the order of the graph."""
    by_shard: Mapping[str, Mapping[str, int]]
    """Rows of each asset in each shard."""
    by_edit_type: Mapping[str, Mapping[str, int]]
    """Rows of each asset of each edit type."""

    def accepted(self, edit_type: str) -> Proportion:
        """The accepted pairs among all of an edit type."""
        rows = self.by_edit_type[edit_type]
        return wilson(rows.get(ACCEPTED, 0), rows.get(PAIRS, 0))

    @property
    def all_accepted(self) -> Proportion:
        """The accepted pairs among all."""
        return wilson(self.assets[ACCEPTED].rows, self.assets[PAIRS].rows)


def tally(heads: "pl.DataFrame | None") -> Tally:
    """Count what some partitions hold, given as `Store.counted` gives them; None holds nothing."""
    if heads is None:
        return Tally(assets={a: AssetTally() for a in ASSET_ROWS}, by_shard={}, by_edit_type={})
    import polars as pl

    keyed = heads.with_columns(key_on("edit_type"), key_on("shard"))
    totals = keyed.group_by("asset").agg(pl.col("rows", "units").sum(), partitions=pl.len())
    counts = {row.pop("asset"): row for row in totals.iter_rows(named=True)}
    rejects: dict[str, Counter[str]] = defaultdict(Counter)
    for asset, some, n in keyed.group_by("asset", "rejects").len().iter_rows():
        rejects[asset].update({reason: k * n for reason, k in json.loads(some).items()})
    return Tally(
        assets={
            asset: AssetTally(**counts.get(asset, {}), rejects=dict(rejects[asset].most_common()))
            for asset in ASSET_ROWS
        },
        by_shard=_rows_by(keyed, "shard"),
        by_edit_type=_rows_by(keyed, "edit_type"),
    )


def scaled_labels(store: "Store", shards: Collection[str]) -> int:
    """How many images of some shards had labels that were drawn on another size of theirs."""
    heads = (head for head in store.heads(SourceImage.TABLE) if head.place.shard in shards)
    name = "labels_of_another_size"
    return sum(int(json.loads(head.figures).get(name, 0)) for head in heads)


def _rows_by(heads: "pl.DataFrame", axis: str) -> dict[str, dict[str, int]]:
    """The rows of each asset by the keys of an axis, in their order."""
    import polars as pl

    summed = heads.filter(pl.col(axis) != "").group_by(axis, "asset").agg(pl.col("rows").sum())
    found = defaultdict[str, dict[str, int]](dict)
    for key, asset, rows in summed.sort(axis, "asset").iter_rows():
        found[key][asset] = rows
    return dict(found)


def as_json(made: Tally) -> dict[str, object]:
    """The counts as one JSON object: rows, rejects and accepted pairs."""
    return {
        "rows": {
            "by_table": {asset: counts.rows for asset, counts in made.assets.items()},
            "by_shard": {shard: dict(rows) for shard, rows in made.by_shard.items()},
            "by_edit_type": {t: dict(rows) for t, rows in made.by_edit_type.items()},
        },
        "units": {asset: counts.units for asset, counts in made.assets.items()},
        "partitions": {asset: counts.partitions for asset, counts in made.assets.items()},
        "rejects": {asset: dict(counts.rejects) for asset, counts in made.assets.items()},
        "accepted": {
            "total": made.all_accepted.hits,
            "by_edit_type": {t: _share(made.accepted(t)) for t in made.by_edit_type},
        },
    }


def _share(share: Proportion) -> dict[str, float | None]:
    """A proportion; its rate is null where there are no pairs, as JSON knows no NaN."""
    rate = (share.value, share.low, share.high) if share.n else (None, None, None)
    names = ("rate", "rate_low", "rate_high")
    return {"pairs": share.n, "accepted": share.hits, **dict(zip(names, rate, strict=True))}
