"""What assets are partitioned by: the axes that records name, as Dagster's partitions."""

from collections.abc import Mapping, Sequence

import dagster as dg

from resources.schema import Row

PARTITIONS_PER_RUN = 16
"""Partitions in one run of a backfill: one warm process, a second or two of event log."""

Keys = Mapping[str, Sequence[str]]
"""The keys of each axis that a profile decides: all but shards, which grow."""

SHARDS = dg.DynamicPartitionsDefinition(name="shard")


def partitions_of(record: type[Row], keys: Keys) -> dg.PartitionsDefinition[str] | None:
    """The partitions of a record's asset; None where it has no axes.

    Args:
        record: Names its axes.
        keys: Those of its axes but `shard`.
    """
    axes: dict[str, dg.PartitionsDefinition[str]] = {
        axis: SHARDS if axis == "shard" else dg.StaticPartitionsDefinition(list(keys[axis]))
        for axis in record.AXES
    }
    if len(axes) > 1:
        return dg.MultiPartitionsDefinition(axes)
    return next(iter(axes.values()), None)
