"""What a run covers: assets by layer, and the ranges of partition keys that are wanted of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, product

import dagster as dg

from imgedit_assets.assets.axes import partitions_of
from imgedit_assets.graph import GRAPH

Span = tuple[str, str]
"""First and last partition key of a range; of keys of several axes, the corners of a box."""

Axes = Mapping[str, Sequence[str]]
"""Keys by axis, in order."""


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


def wanted_stretches(axes: Axes, wanted: Axes) -> list[list[Stretch]]:
    """What covers the wanted keys of each axis, layer by layer; of assets with other axes, none."""
    return [
        [
            Stretch(assets=frozenset(layer.assets), span=_corners(spans) if spans else None)
            for spans in product(*(contiguous(axes[a], wanted[a]) for a in layer.axes))
        ]
        for layer in layers(wanted)
    ]


def missing_stretches(instance: dg.DagsterInstance, axes: Axes) -> list[list[Stretch]]:
    """What covers the partitions that failed or were never made, and nothing else.

    Args:
        instance: Knows what was made.
        axes: The axes of the assets to look at, with all their keys.
    """
    return [_missing(instance, layer, axes) for layer in layers(axes)]


def stretches_of(asset: str, axes: Axes, keys: Collection[str]) -> list[Stretch]:
    """Ranges that cover some partition keys of an asset, and nothing else."""
    return [
        Stretch(assets=frozenset({asset}), span=span)
        for line in _lines(GRAPH[asset].record.AXES, axes)
        for span in contiguous(line, keys)
    ]


def _missing(instance: dg.DagsterInstance, layer: Layer, axes: Axes) -> list[Stretch]:
    """Ranges of keys that lack the same assets of a layer; of several axes, along the last."""
    lines = _lines(layer.axes, axes)
    keys = [key for line in lines for key in line]
    lacking: dict[str, set[str]] = {key: set() for key in keys}
    for asset in layer.assets:
        partitions = partitions_of(GRAPH[asset].record, axes)
        assert partitions is not None
        status = instance.get_status_by_partition(dg.AssetKey(asset), keys, partitions) or {}
        for key in keys:
            if status.get(key) is not dg.AssetPartitionStatus.MATERIALIZED:
                lacking[key].add(asset)
    runs = (groupby(line, key=lambda key: frozenset(lacking[key])) for line in lines)
    return [
        Stretch(assets=needed, span=(keys[0], keys[-1]))
        for needed, keys in ((needed, list(run)) for line in runs for needed, run in line)
        if needed
    ]


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
