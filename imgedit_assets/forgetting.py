"""Retiring a key of an axis, or a source: its rows leave the tables; releases keep theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.faults import ImgEditError
from resources.filters import one_of
from resources.registration import registered_shards
from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    Head,
    Partition,
    Reject,
    Sheet,
    SourceItemRow,
    Unit,
    Version,
)
from resources.store import Selection, Store

if TYPE_CHECKING:
    import dagster as dg

Kind = Literal["edit_type", "shard", "source", "editor", "suite"]
_OF_SHARDS = ("shard", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """What is to be forgotten."""

    partitions: tuple[Partition, ...]
    shards: tuple[str, ...]
    """Whose registered items go as well."""
    rows: int
    accepted: int
    """Pairs that the next release will not hold."""


def look(store: Store, kind: Kind, name: str) -> Retired:
    """All that is of a key of an axis, or of a source, also where a deletion was cut short.

    Raises:
        ImgEditError: There is nothing of it.
    """
    columns = ["asset", "partition"]
    heads, units = store.frames([Selection(record=r, columns=columns) for r in (Head, Unit)])
    places = {Partition(*row) for frame in (heads, units) for row in frame.iter_rows()}
    known = {*registered_shards(store), *(place.shard for place in places)}
    shards = [s for s in known if kind in _OF_SHARDS and name in (s, _source_of(s, kind))]
    axis, wanted = ("shard", shards) if kind in _OF_SHARDS else (kind, [name])
    found = sorted((p for p in places if p.keys.get(axis) in wanted), key=lambda place: place.id)
    if not found and not shards:
        names = known if kind in _OF_SHARDS else {p.keys.get(kind) for p in places}
        names = {_source_of(n, kind) or n for n in names if n}
        msg = f"there is no {kind.replace('_', ' ')} {name!r} here; there are "
        raise ImgEditError(msg + (", ".join(sorted(names)) or "none yet"))
    there = {head.id: len(head.row_ids) for head in store.heads()}
    kept = {place: there.get(place.id, 0) for place in found}
    return Retired(
        partitions=tuple(found),
        shards=tuple(sorted(shards)),
        rows=sum(kept.values()),
        accepted=sum(n for place, n in kept.items() if place.asset == AcceptedPair.TABLE),
    )


def forget(
    store: Store, instance: "dg.DagsterInstance", retired: Retired, *, tell: Callable[[str], None]
) -> None:
    """Delete the rows, and the shards' keys in Dagster; waits for runs that are at work on them.

    What says that a partition is there goes first, so that nobody reads half of one, and its units
    last, so that a deletion that was cut short can be done again. Nodes stay: an old release still
    tells where its pairs came from.
    """
    # Leaves first: nothing is without its parents meanwhile.
    order = list(ASSET_ROWS)
    for place in sorted(retired.partitions, key=lambda p: order.index(p.asset), reverse=True):
        with store.locked(place, tell=tell):
            store.forget(Head, place.where)
            store.forget(Sheet, one_of("id", [place.id]))
            store.forget(ASSET_ROWS[place.asset], place.where_rows)
            for placed in (Version, Reject, Unit):
                store.forget(placed, place.where)
    for shard in retired.shards:
        store.forget(SourceItemRow, one_of("shard", [shard]))
        instance.delete_dynamic_partition("shard", shard)


def undeclared(store: Store, edit_types: Sequence[str]) -> dict[str, int]:
    """How many accepted pairs there are of edit types that are not among the given ones."""
    counts: dict[str, int] = {}
    for head in store.heads(AcceptedPair.TABLE):
        name = head.place.edit_type
        if head.row_ids and name not in edit_types:
            counts[name] = counts.get(name, 0) + len(head.row_ids)
    return counts


def _source_of(shard: str, kind: Kind) -> str:
    """The name of a shard's source; empty where no source is asked for."""
    return shard.rpartition("-")[0] if kind == "source" else ""
