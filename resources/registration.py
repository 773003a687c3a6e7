"""Registering sources: which image belongs to which shard. Shards only ever grow in number.

An item keeps the shard it was first given, so ids and partition keys never move. New items of a
known source go into new shards.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from resources.filters import quoted
from resources.recipes import digest
from resources.schema import SourceItemRow
from resources.sources.item import SourceItem
from resources.store import Store
from resources.uris import path_of, scheme_of


class Source(Protocol):
    """A place where images come from."""

    name: str
    """Begins the names of its shards."""

    def items(self) -> Iterable[SourceItem]:
        """Everything it holds, in a stable order."""


class ShardedSource(Source, Protocol):
    """A source that decides itself which shard an item belongs to."""

    def shard_index(self, item: SourceItem) -> int:
        """The number of the item's shard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What registering a source found."""

    shards: tuple[str, ...]
    """Every shard that holds items of the source, old and new, in order."""
    items: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Files that are no images, by suffix, of sources that look through folders."""
    unlabelled: int = 0
    """Images of which the annotations that were given say nothing."""


def register(
    store: Store, source: Source | ShardedSource, *, shard_size: int, limit: int | None = None
) -> Registered:
    """Enter a source's items into the store's list of items.

    Args:
        store: Where to.
        source: What to list.
        shard_size: The most images, or frames, in one shard.
        limit: Stop after this many items.
    """
    known = _known(store)
    listed = list(islice(source.items(), limit))
    placed = _placed(source, listed, known, shard_size)
    rows = [_row(item, shard, ordinal) for ordinal, (item, shard) in enumerate(placed)]
    changed = [r for r in rows if r.id not in known or known[r.id].stamp != r.stamp]
    store.upsert(SourceItemRow, changed)
    if limit is None:
        _forget_mended(store, source, {r.id for r in rows})
    return Registered(
        shards=tuple(sorted({r.shard for r in rows})),
        items=len(rows),
        left_out=dict(getattr(source, "left_out", {})),
        unlabelled=getattr(source, "unlabelled", 0),
    )


def registered_shards(store: Store) -> list[str]:
    """Every shard, in order."""
    return sorted(set(store.table_frame(SourceItemRow, ["shard"])["shard"]))


def _forget_mended(store: Store, source: Source, listed: set[str]) -> None:
    """Drop the faults of a table's or an annotation file's entries that are faults no longer.

    Such a fault is named by its place in the file, `file://...#row=3`; what the mended entry
    names has a name of its own.
    """
    where = f"shard LIKE {quoted(source.name + '-%')} AND uri LIKE 'file://%#%'"
    gone = sorted(set(store.column(SourceItemRow, "id", where)) - listed)
    store.forget_where(SourceItemRow, where, "id", gone)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is needed of an item registered before."""

    stamp: str
    shard: str


def _known(store: Store) -> dict[str, _Known]:
    """The registered items by id."""
    frame = store.table_frame(SourceItemRow, ["id", "stamp", "shard"])
    return {item: _Known(stamp, shard) for item, stamp, shard in frame.iter_rows()}


def item_id(item: SourceItem) -> str:
    """An item is its place and its kind, whatever is found there."""
    return digest("item", item.kind, item.uri)


def _placed(
    source: Source | ShardedSource,
    items: Sequence[SourceItem],
    known: dict[str, _Known],
    shard_size: int,
) -> list[tuple[SourceItem, str]]:
    if hasattr(source, "shard_index"):
        return [(i, f"{source.name}-{source.shard_index(i):04d}") for i in items]
    prefix = f"{source.name}-"
    taken = {r.shard for r in known.values() if r.shard.startswith(prefix)}
    first = 1 + max((int(s.removeprefix(prefix)) for s in taken), default=-1)
    counts: dict[str, int] = defaultdict(int)
    placed: list[tuple[SourceItem, str]] = []
    for item in items:
        if item_id(item) in known:
            placed.append((item, known[item_id(item)].shard))
            continue
        # Images and frames fill the same shards side by side.
        shard = f"{prefix}{first + counts[item.kind] // shard_size:04d}"
        placed.append((item, placed[-1][1] if item.continues and placed else shard))
        counts[item.kind] += 1
    return placed


def _row(item: SourceItem, shard: str, ordinal: int) -> SourceItemRow:
    text = item.to_json()
    return SourceItemRow(
        id=item_id(item),
        uri=item.uri,
        stamp=digest("stamp", _fingerprint(item.uri), text),
        shard=shard,
        ordinal=ordinal,
        item=text,
        kind=item.kind,
    )


def _fingerprint(uri: str) -> str:
    """Size and time of a local file, so that a changed file is read again; empty for the rest."""
    if scheme_of(uri) not in ("file", "tar", "video"):
        return ""
    try:
        stat = path_of(uri).stat()
    except (OSError, ValueError):
        return "absent"
    return f"{stat.st_size}:{stat.st_mtime_ns}"
