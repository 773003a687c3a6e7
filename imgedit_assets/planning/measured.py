"""What the work so far took and gave: read from the store, for `imgedit plan`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imgedit_assets.graph import BENCHMARK, GPU, GRAPH
from models.faults import ImgEditError
from resources.schema import (
    AcceptedPair,
    EditPair,
    Head,
    ImportedPair,
    JudgeProbe,
    Partition,
    SourceImage,
    Unit,
    VideoFrame,
)
from resources.store import Store

if TYPE_CHECKING:
    import dagster as dg
    import polars as pl

_SOURCES = (SourceImage.TABLE, VideoFrame.TABLE)
_LEFT_OUT = frozenset({ImportedPair.TABLE})
"""What comes from outside grows with no source of ours."""
_OF_A_SHARD = frozenset({JudgeProbe.TABLE})
"""So many units of each partition, however many sources it has."""

_RELEASES = 20
"""The last ones, that are looked at."""


class NothingMeasuredError(ImgEditError):
    """There is no run to plan from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One asset of one edit type, over all shards."""

    asset: str
    edit_type: str
    """Empty of an asset that has none."""
    role: str
    """That does the work; the asset's own name where code does."""
    on_gpu: bool
    """Whether a model did it on a GPU."""
    by_shard: bool
    """Whether it grows with the shards, and not with the sources in them."""
    units: int
    seconds: float
    """Compute of all units."""
    seconds_error: float
    """Standard error of `seconds`, from how units differ."""
    usd: float
    rejects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """What partitions took beside the compute of their units: reading, writing, commits, sheets."""

    partition_s: float
    """Of each partition, however few units it has."""
    unit_s: Mapping[str, float]
    """More for each unit, by asset."""
    start_s: float
    """Once in a process: models are loaded."""
    passed_frac: float
    """Of the time of all partitions, what passed: less than 1 where two were made at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A release, and what it took from its plan to its proof."""

    pairs: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A finished piece of work, as the base of a plan."""

    images: int
    clips: int
    shards: int
    pairs: Mapping[str, int]
    """Edit pairs by edit type."""
    accepted: Mapping[str, NDArray[np.int64]]
    """Accepted pairs by edit type, of each source in the order of `sources`."""
    sources: tuple[str, ...]
    """Root versions that any pair was made of."""
    steps: tuple[Step, ...]
    overhead: Overhead
    lanes: int
    """Batches that were computed at once."""
    source_bytes: int
    patch_bytes: int
    release: Written | None
    """The largest so far."""

    @property
    def n_accepted(self) -> int:
        """All accepted pairs."""
        return int(sum(counts.sum() for counts in self.accepted.values()))


def measure(
    store: Store, instance: "dg.DagsterInstance | None", *, lanes: int, had_gpu: bool
) -> Measured:
    """What the current rows of a home took.

    Args:
        store: With a finished run in it.
        instance: Has run what is in no unit of the store, releases; None where there is none.
        lanes: Of the engine that made it.
        had_gpu: Whether models ran on a GPU.

    Raises:
        NothingMeasuredError: No pair was accepted yet.
    """
    sources, accepted = _accepted(store)
    if not sources:
        msg = (
            "there is no accepted pair to plan from: make a small run with the profile that you "
            "plan for, e.g. `imgedit run --limit 16`"
        )
        raise NothingMeasuredError(msg)
    pairs = store.frame(EditPair.TABLE, ["edit_type", "patch_bytes"])
    images = store.frame(SourceImage.TABLE, ["shard", "n_bytes"])
    frames = store.frame(VideoFrame.TABLE, ["shard", "clip", "n_bytes"])
    heads = [head for head in store.heads() if _grows(head.asset)]
    units = store.table_frame(Unit, ["asset", "partition", "seconds", "cost_usd"])
    return Measured(
        images=images.height,
        clips=frames.select("shard", "clip").n_unique() if frames.height else 0,
        shards=len({*images["shard"], *frames["shard"]}),
        pairs={str(name): int(n) for name, n in pairs["edit_type"].value_counts().iter_rows()},
        accepted=accepted,
        sources=sources,
        steps=_steps(units, heads, had_gpu=had_gpu),
        overhead=_overhead(units, heads, lanes),
        lanes=lanes,
        source_bytes=sum(images["n_bytes"]) + sum(frames["n_bytes"]),
        patch_bytes=sum(pairs["patch_bytes"]),
        release=_release(instance) if instance else None,
    )


def _release(instance: "dg.DagsterInstance") -> Written | None:
    """Of as many pairs the slowest: the others found some pictures encoded, or all of it there."""
    import dagster as dg

    from imgedit_assets.assets.release import NAME

    found = instance.fetch_materializations(dg.AssetKey(NAME), limit=_RELEASES).records
    made = []
    for record in found:
        materialization = record.asset_materialization
        assert materialization is not None
        # One that somebody reported by hand tells nothing.
        told = materialization.metadata.get("pairs")
        pairs = int(str(told.value)) if told else 0
        for step in instance.get_run_step_stats(record.run_id, [NAME]):
            if pairs and step.start_time and step.end_time:
                made.append(Written(pairs=pairs, seconds=step.end_time - step.start_time))
    return max(made, key=lambda release: (release.pairs, release.seconds), default=None)


def _grows(asset: str) -> bool:
    return asset in GRAPH and asset not in _LEFT_OUT and GRAPH[asset].group != BENCHMARK


def _accepted(store: Store) -> tuple[tuple[str, ...], dict[str, NDArray[np.int64]]]:
    """The sources that any pair is of, and the accepted pairs of each by edit type."""
    columns = ["edit_type", "root_version_id"]
    made = store.frame(EditPair.TABLE, columns)
    sources = tuple(sorted({*made["root_version_id"]}))
    place = {source: at for at, source in enumerate(sources)}
    found = {str(name): np.zeros(len(sources), np.int64) for name in {*made["edit_type"]}}
    kept = store.frame(AcceptedPair.TABLE, columns)
    for edit_type, root in kept.iter_rows():
        if edit_type in found and root in place:
            found[edit_type][place[root]] += 1
    is_empty = not any(counts.any() for counts in found.values())
    return ((), {}) if is_empty else (sources, dict(sorted(found.items())))


def _steps(units: "pl.DataFrame", heads: Sequence[Head], *, had_gpu: bool) -> tuple[Step, ...]:
    import polars as pl

    rejects: dict[tuple[str, str], int] = {}
    for head in heads:
        place = (head.asset, head.place.edit_type)
        rejects[place] = rejects.get(place, 0) + sum(json.loads(head.rejects).values())
    kept = units.filter(pl.col("asset").is_in([*{head.asset for head in heads}]))
    keys = [
        Partition(asset, key).edit_type for asset, key in kept.select("asset", "partition").rows()
    ]
    by_step = kept.with_columns(edit_type=pl.Series(keys, dtype=pl.String)).group_by(
        "asset", "edit_type"
    )
    totals = by_step.agg(
        pl.len().alias("units"),
        pl.col("seconds").sum(),
        pl.col("seconds").std().fill_null(0.0).alias("sd"),
        pl.col("cost_usd").sum().alias("usd"),
    )
    order = {asset: at for at, asset in enumerate(GRAPH)}
    return tuple(
        Step(
            asset=asset,
            edit_type=edit_type,
            role=GRAPH[asset].load().role or asset,
            on_gpu=had_gpu and GRAPH[asset].pool == GPU,
            by_shard=asset in _OF_A_SHARD,
            units=n,
            seconds=seconds,
            seconds_error=sd * n**0.5,
            usd=usd,
            rejects=rejects.get((asset, edit_type), 0),
        )
        for asset, edit_type, n, seconds, sd, usd in sorted(
            totals.iter_rows(), key=lambda row: (order[row[0]], row[1])
        )
    )


def _overhead(units: "pl.DataFrame", heads: Sequence[Head], lanes: int) -> Overhead:
    """What each partition took beside its compute: a part of its own, a part for each unit.

    Of each asset one partition loaded the models: what the one that took most has above the usual,
    the median, is `start_s`. All else is shared out, so that the whole is what was measured.
    """
    busy: dict[tuple[str, str], float] = {}
    for asset, key, seconds in units.select("asset", "partition", "seconds").iter_rows():
        busy[asset, key] = busy.get((asset, key), 0.0) + seconds
    beside = [h.seconds - busy.get((h.asset, h.partition), 0.0) / lanes for h in heads]
    fewest = sorted(h.units for h in heads)[len(heads) // 10]
    small = [s for s, h in zip(beside, heads, strict=True) if h.units <= fewest]
    partition_s = max(0.0, median(small))
    unit_s, start_s = dict[str, float](), 0.0
    for asset in {head.asset for head in heads}:
        own = [(s, h.units) for s, h in zip(beside, heads, strict=True) if h.asset == asset]
        above = [s - partition_s for s, _ in own]
        total, n = sum(above), sum(n for _, n in own)
        each = [a / n for a, (_, n) in zip(above, own, strict=True) if n]
        usual = median(each) if each else 0.0
        started = max(0.0, *(a - usual * n for a, (_, n) in zip(above, own, strict=True)))
        unit_s[asset] = max(0.0, total - started) / n if n else 0.0
        start_s += started
    return Overhead(
        partition_s=partition_s, unit_s=unit_s, start_s=start_s, passed_frac=_passed_frac(heads)
    )


def _passed_frac(heads: Sequence[Head]) -> float:
    """How much of the partitions' time passed, since some went on beside others."""
    ends = [(datetime.fromisoformat(h.finished_at).timestamp(), h.seconds) for h in heads]
    total, passed, until = sum(seconds for _, seconds in ends), 0.0, 0.0
    for begun, end in sorted((end - seconds, end) for end, seconds in ends):
        passed += max(0.0, end - max(begun, until))
        until = max(until, end)
    return passed / total if total else 1.0
