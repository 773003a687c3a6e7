"""Mends damaged tables: what can be read stays, the rest is set aside, and units are done again.

Nothing is deleted. A table's readable fragments go into a new one and the damaged folder is moved
to `damaged/` of the home. Whatever lost a row, a version or a reject with it is no longer marked as
done, so that the next run makes just that again.
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resources.arrow import arrow_schema, to_arrow
from resources.home import Home
from resources.lance_import import lancedb
from resources.lance_tables import StoreError, is_emptied, other_columns, wait_for
from resources.locks import taken
from resources.nodes import NodeRow, node_rows
from resources.schema import ASSET_ROWS, Head, Partition, Record, Reject, Row, Unit, Version
from resources.store import Store
from resources.table_health import ids_of, look_at_tables, manifests, table_folder, tables_of

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb import AsyncConnection
    from lancedb.table import AsyncTable

MENDED = "_mended"


@dataclass(kw_only=True)
class Mended:
    """What was done."""

    aside: Path
    """Where the damaged files are now."""
    lines: list[str] = field(default_factory=list)
    """A line for each table: what is left, and what is gone."""
    shards: list[str] = field(default_factory=list)
    """Whose units are to be done again."""


def mend(home: Home) -> Mended:
    """Mend the tables of a local home.

    Raises:
        StoreError: It is an object store, or a run is going on.
    """
    if not home.is_local:
        msg = (
            f"{home.uri} is no local folder: restore the objects from its versions or from a backup"
        )
        raise StoreError(msg)
    _refuse_beside_runs(home)
    mended = Mended(aside=home.folder / "damaged" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}")
    for record in tables_of(look_at_tables(home, whole=True)):
        mended.lines.append(_Table(home.tables, record, mended.aside).mend())
    store = Store(home)
    _restore_nodes(store)
    mended.shards = sorted(_undo_torn(store))
    return mended


def _refuse_beside_runs(home: Home) -> None:
    for file in sorted(home.locks.iterdir()) if home.locks.is_dir() else ():
        if (lock := taken(file)) is None:
            where = f"a run is at work on {home.folder} (it holds {file.name})"
            msg = f"{where}: let it end, or end it first"
            raise StoreError(msg)
        lock.release()


class _Table:
    """One damaged table."""

    def __init__(self, uri: str, record: type[Record], aside: Path) -> None:
        self._uri, self._record, self._aside = uri, record, aside
        self._folder = table_folder(uri, record)
        self._given_up = 0

    def mend(self) -> str:
        """Keep what can be read; returns a line that says how much that is."""
        name = self._record.TABLE
        if not self._folder.is_dir() or is_emptied(self._uri, name):
            return self._set_aside()
        while manifests(self._folder):
            try:
                table = self._opened()
                differences = self._differences(wait_for(table.schema()))
                parts = _fragments(table)
            except Exception:  # LanceDB raises any of Python's errors: this version is no good
                self._step_back()
                continue
            if differences:
                msg = (
                    f"{self._folder} was written by another version of imgedit ({differences}): "
                    "use that version, or set IMGEDIT_HOME to a new folder"
                )
                raise StoreError(msg)
            return self._rebuilt(table, parts)
        return self._set_aside()

    def _differences(self, schema: "pa.Schema") -> str:
        if not schema.names:
            msg = "a version that was overwritten with zeros"
            raise ValueError(msg)
        return other_columns(self._record, schema)

    def _opened(self, name: str = "") -> "AsyncTable":
        # A connection of its own: LanceDB keeps what it read of a table.
        db: AsyncConnection = wait_for(lancedb().connect_async(self._uri))
        if name:
            return wait_for(db.create_table(name, schema=arrow_schema(self._record)))
        return wait_for(db.open_table(self._record.TABLE))

    def _rebuilt(self, table: "AsyncTable", parts: "list[list[int]]") -> str:
        """Copy the readable fragments into a new table and let it take the place of this one."""
        name, kept = self._record.TABLE + MENDED, 0
        place = Path(self._uri, f"{name}.lance")
        if place.exists():  # a mending that was killed
            self._move(place)
        new = self._opened(name)
        for row_ids in parts:
            if (rows := _readable(table, row_ids)) is not None:
                wait_for(new.add(rows.select(arrow_schema(self._record).names)))
                kept += rows.num_rows
        self._move(self._folder)
        place.rename(self._folder)
        lost = sum(map(len, parts)) - kept
        older = f", newest versions given up: {self._given_up}" if self._given_up else ""
        return f"{self._record.TABLE}: {kept} rows kept, {lost} could not be read{older}"

    def _step_back(self) -> None:
        """Take the newest version away, so that the one before is read."""
        self._given_up += 1
        self._move(manifests(self._folder)[0])
        hint = self._folder / "_versions" / "latest_version_hint.json"
        if hint.exists():
            self._move(hint)

    def _set_aside(self) -> str:
        self._move(self._folder)
        return f"{self._record.TABLE}: nothing of it could be read"

    def _move(self, path: Path) -> None:
        target = self._aside / path.relative_to(self._uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target.with_name(f"{target.name}~") if target.exists() else target)


def _fragments(table: "AsyncTable") -> list[list[int]]:
    """The row numbers of each fragment; a version none of whose fragments opens is no good."""
    numbers = wait_for(table.query().select([]).with_row_id().to_arrow())["_rowid"].to_pylist()
    parts: dict[int, list[int]] = {}
    for number in numbers:
        parts.setdefault(number >> 32, []).append(number)
    return list(parts.values())


def _readable(table: "AsyncTable", row_ids: list[int]) -> "pa.Table | None":
    try:
        return wait_for(table.take_row_ids(row_ids).to_arrow())
    except Exception:  # LanceDB raises any of Python's errors: these rows are lost
        return None


# Units and partitions


def _restore_nodes(store: Store) -> None:
    """Make again what lineages read of the rows that are there."""
    known = ids_of(store, NodeRow)
    for record in ASSET_ROWS.values():
        if lacking := sorted(ids_of(store, record) - known):
            rows = list(store.by_ids(record, lacking).values())
            store.append(NodeRow, to_arrow(NodeRow, node_rows(rows)))


def _undo_torn(store: Store) -> set[str]:
    """Forget units and partitions that lack anything they made; returns their shards."""
    rows = {asset: ids_of(store, record) for asset, record in ASSET_ROWS.items()}
    broken = {a: _without_version(store, record) for a, record in ASSET_ROWS.items()}
    rejects = Counter(store.table_frame(Reject, ["unit_id"])["unit_id"])
    torn_units: list[str] = []
    units: Counter[Partition] = Counter()
    torn: set[Partition] = set()
    columns = ["id", "asset", "partition", "row_ids", "rejects"]
    for unit, asset, key, row_ids, n in store.table_frame(Unit, columns).iter_rows():
        made, place = set(row_ids), Partition(asset, key)
        if made - rows[asset] or made & broken[asset] or rejects[unit] < n:
            torn_units.append(unit)
            torn.add(place)
        else:
            units[place] += 1
    torn_heads: list[str] = []
    columns = ["id", "asset", "partition", "row_ids", "units"]
    for head, asset, key, row_ids, n in store.table_frame(Head, columns).iter_rows():
        place = Partition(asset, key)
        if set(row_ids) - rows[asset]:
            torn_heads.append(head)
        if torn_heads[-1:] == [head] or units.pop(place, 0) < n:
            torn.add(place)
    torn |= units.keys()  # partitions that have units and no head
    store.forget_where(Unit, "id != ''", "id", torn_units)
    store.forget_where(Head, "id != ''", "id", torn_heads)
    return {place.shard for place in torn}


def _without_version(store: Store, record: type[Row]) -> set[str]:
    """The rows that name a version which is not there, or lacks an ancestor."""
    named = [c for c in arrow_schema(record).names if c.endswith(("version_id", "version_ids"))]
    if not named:
        return set()
    there = _rooted(store)
    frame = store.table_frame(record, ["id", *named])
    return {row[0] for row in frame.iter_rows() if not _flat(row[1:]) <= there}


def _flat(values: Iterable[str | list[str]]) -> set[str]:
    return {v for value in values for v in ([value] if isinstance(value, str) else value) if v}


def _rooted(store: Store) -> set[str]:
    """The versions whose ancestors are all there."""
    parents = dict(store.table_frame(Version, ["id", "parent_id"]).iter_rows())
    rooted = {""}
    for version in parents:
        rooted |= _descent(version, parents, rooted)
    return rooted - {""}


def _descent(version: str, parents: dict[str, str], rooted: set[str]) -> set[str]:
    chain: list[str] = []
    while version not in rooted:
        if version not in parents or version in chain:
            return set()
        chain.append(version)
        version = parents[version]
    return set(chain)


def lines_of(mended: Mended) -> Iterator[str]:
    """What to tell: what was done, and the run that makes the rest again."""
    yield from mended.lines
    if mended.aside.exists():
        yield f"the damaged files are in {mended.aside}; delete that folder once all is well"
    if mended.shards:
        yield f"now make again what is gone: imgedit run --shards {','.join(mended.shards)}"
    elif mended.lines:
        yield "nothing has to be made again"
