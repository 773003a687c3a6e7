"""Which partitions a run covers, and whether what they are made from is there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import dagster as dg

from models.faults import ImgEditError
from resources.schema import ASSET_ROWS, Head, Partition, Row

if TYPE_CHECKING:
    from resources.store import Store

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
AXIS = "dagster/partition/"
"""Begins the tag of a key on one axis."""
OF_BACKFILL = "dagster/backfill"

NAMED_AT_MOST = 5


class CoverageError(ImgEditError):
    """A run's partitions are unclear, or lack what they are made from."""


def covered_keys(context: dg.AssetExecutionContext) -> list[str]:
    """The partition keys of a run; those of its range where it has one.

    A backfill of a job leaves the tags of one key beside those of each range, and Dagster would
    read that key alone. They are taken off the run as this process knows it, so that Dagster's
    events name the range's partitions as well.

    Raises:
        CoverageError: The tags name one key, and a range of others.
    """
    tags = cast("dict[str, str]", context.run.tags)
    if RANGE_START not in tags:
        return [*context.partition_keys]
    one = "|".join(tags.pop(tag) for tag in sorted(tags) if tag.startswith(AXIS))
    keys = [*context.partition_keys]
    # That of a backfill is of its first range, whichever this run's is.
    if one and one not in keys and OF_BACKFILL not in tags:
        msg = (
            f"the run's tags name the partition {one} and the range {tags[RANGE_START]} to "
            f"{tags[RANGE_END]}, which does not hold it: launch it again with one of the two"
        )
        raise CoverageError(msg)
    return keys


def require_upstream(store: "Store", record: type[Row], keys: Sequence[str]) -> None:
    """Refuse partitions that are made from others which were never finished.

    One that was finished and is empty will do.

    Raises:
        CoverageError: What to materialise first.
    """
    finished = set(store.table_frame(Head, ["id"])["id"])
    needed = (
        Partition.of(ASSET_ROWS[parent], **Partition(record.TABLE, key).keys)
        for key in keys
        for parent in record.PARENTS
    )
    missing = list(dict.fromkeys(place for place in needed if place.id not in finished))
    if missing:
        named = ", ".join(f"{place.asset} of {place.key}" for place in missing[:NAMED_AT_MOST])
        more = f" and {len(missing) - NAMED_AT_MOST} more" if missing[NAMED_AT_MOST:] else ""
        msg = (
            f"{record.TABLE} is made from partitions that are missing: materialise {named}{more} "
            "first, or launch the job `backfill`, which makes whatever is missing in order"
        )
        raise CoverageError(msg)
