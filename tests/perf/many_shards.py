"""A home of many finished shards with nothing in them: `many_shards.py HOME SHARDS`.

The first shard, whose one image is too small, is made by the graph itself; what it left in the
store and in Dagster's history is copied for each of the others. So a run asks of each partition
what it asks of any that holds rows.
"""

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import dagster as dg

from imgedit_assets.graph import stage_of
from imgedit_assets.origins import origin_of
from imgedit_assets.run import Wanted, run_everything
from resources.arrow import to_arrow
from resources.factory import Factory
from resources.home import Home
from resources.instance import enter_home
from resources.registration import register, registered_shards
from resources.schema import Head, Record, Reject, Sheet, SourceImage, Unit
from resources.sources.item import SourceItem, Stated
from tests.programs import PAIRS_ALONE

PROFILE = """\
name = "many"
[sources]
studio_shards = 0
photos = false
"""


class TooSmall:
    """Images of one pixel, as is stated of them."""

    name = "many"

    def __init__(self, count: int) -> None:
        self._count = count

    def items(self) -> Iterator[SourceItem]:
        for number in range(self._count):
            yield SourceItem(uri=f"file:///nowhere/{number}.png", stated=Stated(width=1, height=1))


def make_home(folder: Path, shards: int) -> Path:
    """Make it; returns its profile's file."""
    folder.mkdir(exist_ok=True)
    profile = folder / "many.toml"
    profile.write_text(PROFILE + PAIRS_ALONE)
    factory = Factory.open(Home.of(folder), profile=str(profile))
    register(factory.store, TooSmall(shards), shard_size=1)
    first, *others = registered_shards(factory.store)
    enter_home(str(profile))
    with dg.DagsterInstance.get() as instance:
        made = run_everything(factory, instance, Wanted(shards=(first,), dataset=False))
        assert not made.errors, made.errors
        instance.add_dynamic_partitions("shard", others)
    _copy_rows(factory, first, others)
    with closing(sqlite3.connect(folder / "dagster/history/runs/index.db")) as history:
        _copy_events(history, first, others)
    return profile


def _copy_rows(factory: Factory, first: str, others: list[str]) -> None:
    store = factory.store
    heads = [head for head in store.heads() if head.place.shard == first]
    drawn = store.by_ids(Sheet, [head.id for head in heads])
    copies = [copy for head in heads for copy in _copies(head, first, others)]
    _append(factory, Sheet, (replace(drawn[_back(c, first).id], id=c.id) for c in copies))
    source = SourceImage.TABLE
    (unit,) = store.select(Unit, f"asset = '{source}'")
    (reject,) = store.select(Reject, f"asset = '{source}'")
    units, rejects = [], []
    for number, head in enumerate(copies):
        if head.asset == source:
            stage = stage_of(factory, head.place)
            (work,) = stage.work()
            units.append(replace(unit, id=work.id, partition=head.partition))
            rejects.append(
                replace(reject, id=f"r{number}", unit_id=work.id, partition=head.partition)
            )
            copies[number] = replace(head, origin=origin_of(stage))
    _append(factory, Unit, units)
    _append(factory, Reject, rejects)
    _append(factory, Head, copies)
    store.compact()


def _copies(head: Head, first: str, others: Iterable[str]) -> Iterator[Head]:
    for shard in others:
        key = head.partition.replace(first, shard)
        yield replace(head, id=f"{head.asset}|{key}", partition=key)


def _back(copy: Head, first: str) -> Head:
    key = copy.partition.replace(copy.place.shard, first)
    return replace(copy, id=f"{copy.asset}|{key}")


def _append(factory: Factory, record: type[Record], rows: Iterable[Record]) -> None:
    factory.store.append(record, to_arrow(record, list(rows)))


def _copy_events(history: sqlite3.Connection, first: str, others: list[str]) -> None:
    history.execute("CREATE TEMP TABLE others (shard TEXT)")
    history.executemany("INSERT INTO others VALUES (?)", [(shard,) for shard in others])
    history.execute(
        "INSERT INTO event_logs"
        " (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)"
        " SELECT run_id, replace(event, :first, shard), dagster_event_type, timestamp, step_key,"
        " asset_key, replace(partition, :first, shard) FROM event_logs, others"
        " WHERE partition LIKE '%' || :first",
        {"first": first},
    )
    history.commit()


if __name__ == "__main__":
    print(make_home(Path(sys.argv[1]), int(sys.argv[2])))
