"""What is in the store, counted: rows by table, shard and edit type, rejects, accepted pairs."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmark.agreement import Proportion, wilson
from resources.schema import ASSET_ROWS, AcceptedPair, EditPair, Head

PAIRS, ACCEPTED = EditPair.TABLE, AcceptedPair.TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTally:
    """One asset, over its finished partitions."""

    rows: int
    units: int
    partitions: int
    rejects: Mapping[str, int]
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


def tally(heads: Iterable[Head]) -> Tally:
    """Count what some partitions hold."""
    heads = sorted(heads, key=lambda head: (head.place.edit_type, head.place.shard))
    by_shard: dict[str, Counter[str]] = {}
    by_edit_type: dict[str, Counter[str]] = {}
    for head in heads:
        for keys, counts in ((head.place.shard, by_shard), (head.place.edit_type, by_edit_type)):
            if keys:
                counts.setdefault(keys, Counter())[head.asset] += len(head.row_ids)
    return Tally(
        assets={a: _asset_tally([h for h in heads if h.asset == a]) for a in ASSET_ROWS},
        by_shard=dict(sorted(by_shard.items())),
        by_edit_type=by_edit_type,
    )


def _asset_tally(heads: list[Head]) -> AssetTally:
    rejects = sum((Counter(json.loads(h.rejects)) for h in heads), Counter[str]())
    return AssetTally(
        rows=sum(len(h.row_ids) for h in heads),
        units=sum(h.units for h in heads),
        partitions=len(heads),
        rejects=dict(rejects.most_common()),
    )


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
