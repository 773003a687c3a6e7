"""What assets are partitioned by: the axes that records name, as Dagster's partitions."""

from collections.abc import Sequence

import dagster as dg

from resources.schema import Row

PARTITIONS_PER_RUN = 16
"""Partitions in one run of a backfill: one warm process, a second or two of event log."""

SHARDS = dg.DynamicPartitionsDefinition(name="shard")


def partitions_of(
    record: type[Row], edit_types: Sequence[str]
) -> dg.PartitionsDefinition[str] | None:
    """The partitions of a record's asset; None where it has no axes.

    Args:
        record: Names its axes.
        edit_types: The keys of the axis `edit_type`.
    """
    known: dict[str, dg.PartitionsDefinition[str]] = {
        "shard": SHARDS,
        "edit_type": dg.StaticPartitionsDefinition(list(edit_types)),
    }
    axes = {axis: known[axis] for axis in record.AXES}
    if len(axes) > 1:
        return dg.MultiPartitionsDefinition(axes)
    return next(iter(axes.values()), None)
