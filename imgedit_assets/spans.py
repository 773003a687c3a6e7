"""What a run covers: assets by layer, and the ranges of partition keys that are wanted of them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby, product

import dagster as dg

from imgedit_assets.graph import GRAPH

Span = tuple[str, str]
"""First and last partition key of a range; of keys of several axes, the corners of a box."""

Axes = Mapping[str, Sequence[str]]
"""Keys by axis, in order."""

IsDone = Callable[[str, str], bool]
"""Whether an asset's partition, by its key, is as making it now would leave it."""

Look = Callable[[], AbstractContextManager[IsDone]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Assets to be made together, over one range of their partition keys."""

    assets: frozenset[str]
    span: Span | None
    """None for assets that are not partitioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Assets that are partitioned alike: each layer needs those before it."""

    axes: tuple[str, ...]
    assets: tuple[str, ...]


def layers(axes: Axes) -> list[Layer]:
    """The assets that hold rows and are partitioned by no other axes, in the graph's order."""
    grouped = groupby(GRAPH.values(), key=lambda line: line.record.AXES)
    return [
        Layer(axes=names, assets=tuple(line.name for line in some))
        for names, some in grouped
        if axes.keys() >= {*names}
    ]


def wanted_stretches(axes: Axes, wanted: Axes, look: Look) -> Iterator[list[Stretch]]:
    """What covers the wanted keys of each axis of which not all is done, layer by layer.

    Of assets with other axes, none. A layer is looked at when it is asked for, so that those before
    it can be made first. What follows an asset that is not done is made with it.

    Args:
        axes: Every key of each axis.
        wanted: Some of them.
        look: Called at each layer, for what tells of its partitions as they are then.
    """
    for layer in layers(wanted):
        lacking: dict[tuple[str, ...], int] = {}
        with look() as is_done:
            # Shard by shard: its edit types are all made from the same rows.
            for reversed_keys in product(*(wanted[axis] for axis in reversed(layer.axes))):
                keys = reversed_keys[::-1]
                key = "|".join(keys)
                first = next((i for i, a in enumerate(layer.assets) if not is_done(a, key)), None)
                if first is not None:
                    lacking[keys] = first
        assets = frozenset(layer.assets[min(lacking.values(), default=0) :])
        spans = (
            contiguous(axes[axis], {keys[i] for keys in lacking})
            for i, axis in enumerate(layer.axes)
        )
        yield [Stretch(assets=assets, span=_corners(span)) for span in product(*spans)]


def missing_stretches(
    instance: dg.DagsterInstance, axes: Axes, there: Mapping[str, Collection[str]]
) -> list[list[Stretch]]:
    """What covers the partitions that failed, were never made or were forgotten, and nothing else.

    Args:
        instance: Knows what was made.
        axes: The axes of the assets to look at, with all their keys.
        there: The partition keys of each asset that the store holds: of one that was forgotten
            Dagster still says that it was made.
    """
    return [_missing(instance, layer, axes, there) for layer in layers(axes)]


def stretches_of(asset: str, axes: Axes, keys: Collection[str]) -> list[Stretch]:
    """Ranges that cover some partition keys of an asset, and nothing else."""
    return [
        Stretch(assets=frozenset({asset}), span=span)
        for line in _lines(GRAPH[asset].record.AXES, axes)
        for span in contiguous(line, keys)
    ]


def _missing(
    instance: dg.DagsterInstance, layer: Layer, axes: Axes, there: Mapping[str, Collection[str]]
) -> list[Stretch]:
    """Ranges of keys that lack the same assets of a layer; of several axes, along the last."""
    lines = _lines(layer.axes, axes)
    lacking: dict[str, set[str]] = {key: set() for line in lines for key in line}
    for asset in layer.assets:
        made = made_keys(instance, asset).intersection(there.get(asset, ()))
        for key in lacking.keys() - made:
            lacking[key].add(asset)
    runs = (groupby(line, key=lambda key: frozenset(lacking[key])) for line in lines)
    return [
        Stretch(assets=needed, span=(keys[0], keys[-1]))
        for needed, keys in ((needed, list(run)) for line in runs for needed, run in line)
        if needed
    ]


def made_keys(instance: dg.DagsterInstance, asset: str) -> set[str]:
    """The partitions of an asset that Dagster knows as made, and whose last run did not fail.

    Asked of its history: its own status of partitions is worked out key by key, which of ten
    thousands takes seconds for each asset.
    """
    key, events = dg.AssetKey(asset), instance.event_log_storage
    begun = events.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    unmade: set[str] = set()
    if begun:
        asked = dg.RunsFilter(run_ids=[*{run_id for run_id, _ in begun.values()}])
        ended_well = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED)
        runs = instance.get_runs(filters=asked)
        unmade = {run.run_id for run in runs if run.status not in ended_well}
    made = instance.get_materialized_partitions(key)
    return {k for k in made if k not in begun or begun[k][0] not in unmade}


def _lines(names: Sequence[str], axes: Axes) -> list[list[str]]:
    """The partition keys of some axes, those that differ on the last axis alone together."""
    *others, last = names
    return [
        ["|".join((*some, key)) for key in axes[last]]
        for some in product(*(axes[axis] for axis in others))
    ]


def _corners(spans: Sequence[Span]) -> Span:
    """A range of partition keys from a range on each axis."""
    first, last = zip(*spans, strict=True)
    return "|".join(first), "|".join(last)


def contiguous(axis: Sequence[str], wanted: Collection[str]) -> list[Span]:
    """The fewest ranges of an axis, first and last key, that cover the wanted keys exactly."""
    runs = [list(run) for is_wanted, run in groupby(axis, key=lambda k: k in wanted) if is_wanted]
    return [(run[0], run[-1]) for run in runs]
