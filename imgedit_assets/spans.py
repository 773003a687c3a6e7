"""What a run covers: assets by layer, and the ranges of partition keys that are wanted of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, product

import dagster as dg

DATASET_GROUP = "dataset"
"""The assets about the data set as a whole."""

Span = tuple[str, str]
"""First and last partition key of a range; of a pair's keys, the corners of a rectangle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Assets to be made together, over one range of their partition keys."""

    assets: frozenset[dg.AssetKey]
    span: Span | None
    """None for assets that are not partitioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The assets by how they are partitioned: each layer needs those before it."""

    by_shard: tuple[dg.AssetKey, ...]
    by_pair: tuple[dg.AssetKey, ...]
    whole: tuple[dg.AssetKey, ...]
    """The data set as a whole."""


def asset_layers() -> Layers:
    """The assets that a run makes. What asks for configuration is launched by hand."""
    from imgedit_assets.definitions import defs

    by_shard, by_pair, whole = [], [], []
    for node in defs.resolve_asset_graph().asset_nodes:
        if isinstance(node.partitions_def, dg.MultiPartitionsDefinition):
            by_pair.append(node.key)
        elif node.partitions_def is not None:
            by_shard.append(node.key)
        elif node.group_name == DATASET_GROUP:
            whole.append(node.key)
    return Layers(by_shard=tuple(by_shard), by_pair=tuple(by_pair), whole=tuple(whole))


def wanted_stretches(
    instance: dg.DagsterInstance, shards: Sequence[str], edit_types: Sequence[str]
) -> list[list[Stretch]]:
    """What covers the wanted shards and edit types, layer by layer."""
    from imgedit_assets.partitions import edit_types as type_axis

    layers = asset_layers()
    shard_spans = contiguous(instance.get_dynamic_partitions("shard"), shards)
    type_spans = contiguous(type_axis.get_partition_keys(), edit_types)
    pair_spans = [
        (f"{t0}|{s0}", f"{t1}|{s1}") for (t0, t1), (s0, s1) in product(type_spans, shard_spans)
    ]
    by_shard, by_pair = frozenset(layers.by_shard), frozenset(layers.by_pair)
    return [
        [Stretch(assets=by_shard, span=span) for span in shard_spans],
        [Stretch(assets=by_pair, span=span) for span in pair_spans],
    ]


def missing_stretches(instance: dg.DagsterInstance) -> list[list[Stretch]]:
    """What covers the partitions that failed or were never made, and nothing else."""
    layers = asset_layers()
    return [_missing(instance, layers.by_shard), _missing(instance, layers.by_pair)]


def pair_stretches(
    assets: frozenset[dg.AssetKey], keys: Collection[tuple[str, str]]
) -> list[Stretch]:
    """Ranges that cover some keys, given as edit type and shard, and nothing else."""
    from imgedit_assets.partitions import edit_types as type_axis

    axis = type_axis.get_partition_keys()
    return [
        Stretch(assets=assets, span=(f"{first}|{shard}", f"{last}|{shard}"))
        for shard in sorted({shard for _, shard in keys})
        for first, last in contiguous(axis, [t for t, s in keys if s == shard])
    ]


def dataset_stretch() -> Stretch:
    """The assets about the data set as a whole."""
    return Stretch(assets=frozenset(asset_layers().whole), span=None)


def _missing(instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey]) -> list[Stretch]:
    """Ranges of keys that lack the same assets of a layer; of pairs, ranges in one edit type."""
    from imgedit_assets.definitions import defs

    axis = defs.resolve_asset_graph().get(assets[0]).partitions_def
    assert axis is not None
    keys = axis.get_partition_keys(dynamic_partitions_store=instance)
    lacking: dict[str, set[dg.AssetKey]] = {key: set() for key in keys}
    for asset in assets:
        status = instance.get_status_by_partition(asset, keys, axis) or {}
        for key in keys:
            if status.get(key) is not dg.AssetPartitionStatus.MATERIALIZED:
                lacking[key].add(asset)
    runs = groupby(keys, lambda key: (frozenset(lacking[key]), key.rpartition("|")[0]))
    return [
        Stretch(assets=needed, span=(run[0], run[-1]))
        for (needed, _), run in ((what, list(some)) for what, some in runs)
        if needed
    ]


def contiguous(axis: Sequence[str], wanted: Sequence[str]) -> list[Span]:
    """The fewest ranges of an axis, first and last key, that cover the wanted keys exactly."""
    ranges: list[Span] = []
    previous = ""
    for key in axis:
        if key not in wanted:
            previous = ""
            continue
        ranges[-1:] = [(ranges[-1][0], key)] if previous else [*ranges[-1:], (key, key)]
        previous = key
    return ranges
