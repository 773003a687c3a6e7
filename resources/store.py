"""The LanceDB store: rows, versions, units of work and rejects.

How nothing is lost and nothing is seen half done:

- a batch is committed as versions, rows, rejects and last its units, so a unit that is marked done
  has everything it made; a batch that a crash tore is done again and inserts the same ids once;
- a partition is finished by one commit to `heads`, which lists its row ids; readers take exactly
  those rows, so they see the old partition or the new one and never a mixture;
- only then are the rows that no longer belong deleted.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from models.geometry import Rgb
from resources.arrow import arrow_schema, from_arrow, to_arrow, vector_columns
from resources.filters import one_of, quoted
from resources.home import Home
from resources.lance_import import lancedb
from resources.lance_tables import (
    READ_FOR,
    StoreError,
    UnreachedError,
    bring_indexes_up_to_date,
    disk_errors,
    has_superseded,
    is_fragmented,
    open_table,
    wait_for,
)
from resources.leases import leased
from resources.locks import held
from resources.nodes import NodeRow, node_rows
from resources.object_store import TABLE_OPTIONS
from resources.private import make_home
from resources.retrying import through_outage
from resources.schema import (
    ASSET_ROWS,
    Head,
    Partition,
    RecipeRow,
    Record,
    Reject,
    Row,
    Sheet,
    SourceItemRow,
    StoredVector,
    Unit,
    Version,
)
from resources.schema.keys import tagged_records
from resources.vectors import nearest_rows

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from lancedb import AsyncConnection
    from lancedb.merge import LanceMergeInsertBuilder
    from lancedb.table import AsyncTable

R = TypeVar("R", bound=Record)
RowT = TypeVar("RowT", bound=Row)

log = logging.getLogger(__name__)

ROOT_ASSETS = frozenset(table for table, record in ASSET_ROWS.items() if not record.PARENTS)
"""A root outlives its row: pairs of other edit types may still be painted on it."""

COUNTED = ("id", "asset", "partition", "units", "rejects", "run_id", "finished_at", "origin")

METADATA_CACHE_BYTES = 128_000_000
"""LanceDB keeps what it reads of each version of a table, a third of a megabyte for each commit, up
to a gigabyte where nobody says otherwise: a process grew with the work."""

INDEX_CACHE_BYTES = 1_000_000_000
"""The same of indexes: those of a million rows take some hundred megabytes."""

IDS_PER_QUERY = 500
"""An `IN` list longer than this is split, which keeps a filter's parsing cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What some finished units made."""

    rows: Sequence[Row] = ()
    versions: Sequence[Version] = ()
    rejects: Sequence[Reject] = ()
    units: Sequence[Unit] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some columns of some rows of a table."""

    record: type[Record]
    columns: Sequence[str] | dict[str, str]
    """Their names; or by name what is worked out of them, in SQL."""
    where: str | None = None
    """A filter; None selects every row."""
    limit: int | None = None
    """The most rows to read."""


class Store:
    """The tables of a home."""

    def __init__(self, home: Home) -> None:
        self.home, self.uri = home, home.tables
        self._tables: dict[str, AsyncTable] = {}
        self._connection: AsyncConnection | None = None
        self._lock, self._writing = threading.RLock(), threading.RLock()

    # Writing: one thread after the other, since a commit that loses a race is made again

    def commit(self, batch: Batch) -> None:
        """Commit what some units made; the units last."""
        with self._writing:
            self.insert(Version, batch.versions)
            if batch.rows:
                self.insert(type(batch.rows[0]), batch.rows)
            self.insert(Reject, batch.rejects)
            self.insert(Unit, batch.units)

    def insert(self, record: type[R], rows: Sequence[R]) -> None:
        """Insert the rows whose id is not there yet; of one id among them the first."""
        if rows := list({row.id: row for row in reversed(rows)}.values())[::-1]:
            if nodes := node_rows([row for row in rows if isinstance(row, Row)]):
                # Added, not merged: a batch that is done again repeats them, which is harmless.
                self.append(NodeRow, to_arrow(NodeRow, nodes))
            self._merge(record, rows, lambda into: into.when_not_matched_insert_all())

    def upsert(self, record: type[R], rows: Sequence[R]) -> None:
        """Insert rows, replacing those of the same id."""
        if rows:
            self._merge(
                record,
                rows,
                lambda into: into.when_matched_update_all().when_not_matched_insert_all(),
            )

    def append(self, record: type[Record], rows: "pa.Table") -> None:
        """Add many rows as they are. No nodes are made of them.

        Where a store does not answer they are added again: their readers bear rows of one id.
        """
        new = rows.cast(arrow_schema(record))
        self._write(record, lambda table: table.add(new))

    def finish(self, head: Head, unit_ids: Sequence[str]) -> None:
        """Make a partition's new rows the current ones, then drop what no longer belongs."""
        partition = head.place
        self.upsert(Head, [head])
        self._keep_only(ASSET_ROWS[head.asset], partition.where_rows, "id", head.row_ids)
        if head.asset not in ROOT_ASSETS:
            self._keep_only(Version, partition.where, "row_id", head.row_ids)
        self._keep_only(Unit, partition.where, "id", unit_ids)
        self._keep_only(Reject, partition.where, "unit_id", unit_ids)

    def note(self, heads: Sequence[Head]) -> None:
        """Replace heads of which only notes differ, unless they were finished anew meanwhile."""
        if heads:
            same = " AND ".join(f"target.{c} = source.{c}" for c in ("run_id", "finished_at"))
            self._merge(Head, heads, lambda into: into.when_matched_update_all(where=same))

    def forget(self, record: type[Record], where: str) -> None:
        """Delete the rows that a filter selects."""
        self._write(record, lambda table: table.delete(where))

    def forget_where(
        self, record: type[Record], where: str, column: str, values: Sequence[str]
    ) -> None:
        """Delete the rows that a filter selects and that have one of some values."""
        for some in _chunks(values):
            self.forget(record, f"{where} AND {one_of(column, some)}")

    @contextmanager
    def locked(
        self, partition: Partition, *, tell: Callable[[str], None] = log.warning
    ) -> Iterator[None]:
        """Keep other processes from working on a partition; waits for them.

        On disk by a lock of this machine, on an object store by a lease, which expires.

        Args:
            partition: Which.
            tell: Gets a line if there is a wait.

        Raises:
            LockError: Another holds it for too long, or the file system has no locks.
        """
        name, what = partition.id.replace("|", "."), f"partition {partition.id}"
        if not self.home.is_local:
            with leased(self.home.uri, name, what, tell=tell):
                yield
            return
        with disk_errors(self.uri):
            make_home(self.home.folder)
            self.home.locks.mkdir(exist_ok=True)
        with held(self.home.locks / name, what, tell=tell):
            yield

    def compact(self, records: Sequence[type[Record]] | None = None) -> None:
        """Merge small fragments, index large tables, drop superseded versions.

        Safe beside other writers: a compaction that loses a race is left for the next time.

        Args:
            records: The tables that were written to; by default all, which also brings every index
                up to date, so that the next lookup scans nothing.
        """
        others = (Version, Unit, Reject, Head, Sheet, RecipeRow, SourceItemRow)
        written: list[type[Record]] = [*(records or (*ASSET_ROWS.values(), *others)), NodeRow]
        for record in written:
            table = self._opened(record)
            try:
                with self._writing:
                    stats: Any = wait_for(table.stats())
                    bloated = has_superseded(self.uri, record.TABLE, stats["total_bytes"])
                    if bloated or is_fragmented(stats):
                        wait_for(table.optimize(cleanup_older_than=READ_FOR))
                    wait_for(bring_indexes_up_to_date(record, table, wholly=not records))
            except (RuntimeError, ValueError) as error:
                log.info("%s is compacted another time: %s", record.TABLE, error)

    def _merge(
        self,
        record: type[Record],
        rows: Sequence[Record],
        how: "Callable[[LanceMergeInsertBuilder], LanceMergeInsertBuilder]",
    ) -> None:
        new = to_arrow(record, rows)
        self._write(record, lambda table: how(table.merge_insert("id")).execute(new))

    def _write(
        self, record: type[Record], work: "Callable[[AsyncTable], Coroutine[Any, Any, object]]"
    ) -> None:
        """Write to a table; again where a store did not answer, which any write here bears."""
        for attempt in through_outage(UnreachedError):
            with attempt, self._writing, disk_errors(self.uri, record.TABLE):
                wait_for(work(self._opened(record)))

    def _keep_only(
        self, record: type[Record], where: str, column: str, keep: Sequence[str]
    ) -> None:
        present = self.column(record, column, where)
        self.forget_where(record, where, column, sorted(set(present).difference(keep)))

    # Reading

    def head(self, partition: Partition) -> Head | None:
        """The partition as last finished, or None."""
        found = self.select(Head, f"id = {quoted(partition.id)}")
        return found[0] if found else None

    def units(self, partition: Partition) -> list[Unit]:
        """The units of a partition that are done."""
        return self.select(Unit, partition.where)

    def has_sheet(self, partition: Partition) -> bool:
        """Whether a partition's contact sheet is drawn."""
        return self.count(Sheet, f"id = {quoted(partition.id)}") > 0

    def heads(self, asset: str | None = None) -> list[Head]:
        """All finished partitions, or those of one asset."""
        return self.select(Head, f"asset = {quoted(asset)}" if asset else None)

    def counted(self) -> "pl.DataFrame":
        """Every finished partition with the number of its rows, `rows`, in place of their ids.

        Of the other columns those of `COUNTED`.
        """
        columns = {name: name for name in COUNTED} | {
            "rows": "cast(coalesce(array_length(row_ids), 0) as bigint)"
        }
        return self.frames([Selection(record=Head, columns=columns)])[0]

    def current(self, record: type[RowT], **keys: str) -> list[RowT]:
        """The rows of a finished partition, given by its keys by axis, in their units' order."""
        partition = Partition.of(record, **keys)
        head = self.head(partition)
        while head is not None and head.row_ids:
            by_id = {row.id: row for row in self.select(record, partition.where_rows)}
            if all(i in by_id for i in head.row_ids):
                return [by_id[i] for i in head.row_ids]
            # Rows go only after a newer head has come: take that one.
            before, head = head, self.head(partition)
            if head == before:
                lacks = f"{partition.id} in {self.uri} lacks rows that it lists"
                msg = f"{lacks}: `imgedit doctor --mend` names the run that makes them again"
                raise StoreError(msg)
        return []

    def frame(self, asset: str, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """All current rows of an asset, across its partitions; vectors only where named."""
        record = ASSET_ROWS[asset]
        vectors = vector_columns(record)
        wanted = list(columns or [c for c in arrow_schema(record).names if c not in vectors])
        selected = wanted if "id" in wanted else [*wanted, "id"]
        rows = self.table_frame(record, selected)
        (heads,) = self.frames(
            [Selection(record=Head, columns=["row_ids"], where=f"asset = {quoted(asset)}")]
        )
        current = heads.select(id="row_ids").explode("id")
        present = rows.join(current, on="id", how="semi", maintain_order="left")
        return present.unique("id", maintain_order=True).select(wanted)

    def table_frame(self, record: type[Record], columns: Sequence[str]) -> "pl.DataFrame":
        """Some columns of any table."""
        return self.frames([Selection(record=record, columns=columns)])[0]

    def frames(self, selections: Sequence[Selection]) -> "list[pl.DataFrame]":
        """Several selections, read at once: what one row's lookup takes is mostly waiting."""
        return [_frame(table) for table in self._read(selections)]

    def select(
        self, record: type[R], where: str | None = None, *, limit: int | None = None
    ) -> list[R]:
        """The rows that a filter selects, whole; the first of them where there is a limit."""
        asked = Selection(
            record=record, columns=arrow_schema(record).names, where=where, limit=limit
        )
        return from_arrow(record, self._read([asked])[0])

    def count(self, record: type[Record], where: str | None = None) -> int:
        """How many rows a filter selects."""
        with disk_errors(self.uri, record.TABLE):
            return wait_for(self._opened(record).count_rows(where))

    def column(self, record: type[Record], column: str, where: str) -> list[str]:
        """One column of the rows that a filter selects."""
        (table,) = self._read([Selection(record=record, columns=[column], where=where)])
        values: list[str] = table[column].to_pylist()
        return values

    def by_ids(self, record: type[R], ids: Sequence[str]) -> dict[str, R]:
        """Rows by id; ids that are not there are left out."""
        found: dict[str, R] = {}
        for some in _chunks(list(dict.fromkeys(ids))):
            found |= {row.id: row for row in self.select(record, one_of("id", some))}
        return found

    def nearest(
        self, record: type[Row], vector: StoredVector, *, where: str, limit: int
    ) -> "pl.DataFrame":
        """The rows nearest to a vector that a filter selects, nearest first.

        Returns:
            Columns `id` and `_distance`: 1 less the cosine.
        """
        (column,), table = vector_columns(record), self._opened(record)
        with disk_errors(self.uri, record.TABLE):
            return _frame(wait_for(nearest_rows(table, column, vector, where=where, limit=limit)))

    def find(self, row_id: str) -> Row | None:
        """A row of any asset by its id."""
        tagged = tagged_records(row_id)
        for record in (*tagged, *(r for r in ASSET_ROWS.values() if r not in tagged)):
            if found := self.select(record, f"id = {quoted(row_id)}"):
                return found[0]
        return None

    # Versions

    def chain(self, version_id: str) -> list[Version]:
        """A version's ancestors from the root down to itself.

        Raises:
            StoreError: The version, or one of its ancestors, is not in the store.
        """
        chain: list[Version] = []
        while version_id:
            found = self.select(Version, f"id = {quoted(version_id)}")
            if not found:
                msg = f"version {version_id} is not in {self.uri}: list some with `imgedit status`"
                raise StoreError(msg)
            chain.append(found[0])
            version_id = found[0].parent_id
        return chain[::-1]

    def sound_chain(self, version_id: str) -> list[Version]:
        """`chain`, for what leaves the store: each payload is what it was when it was stored.

        Raises:
            StoreError: As `chain`; or bytes have changed: which, and what to do.
        """
        chain = self.chain(version_id)
        for version in chain:
            found = sha256(version.payload).hexdigest()
            if found != version.sha256:
                raise StoreError(self._damaged(version, found))
        return chain

    def _damaged(self, version: Version, found: str) -> str:
        return (
            f"version {version.id} of {version.asset}, partition {version.partition}, is damaged: "
            f"its bytes have the SHA-256 {found[:12]}…, not {version.sha256[:12]}… as when they "
            f"were stored. Restore {self.uri}/{version.TABLE}.lance from a backup, or leave out "
            f"what was made of it: `imgedit quarantine {version.row_id} --why damaged`; then run "
            "again"
        )

    def render(self, version_id: str) -> Rgb:
        """A version's pixels."""
        return render_chain(self.chain(version_id))

    # Lance

    def _opened(self, record: type[Record]) -> "AsyncTable":
        with self._lock, disk_errors(self.uri, record.TABLE):
            if record.TABLE not in self._tables:
                self._tables[record.TABLE] = wait_for(open_table(self._connected(), record))
            return self._tables[record.TABLE]

    def _connected(self) -> "AsyncConnection":
        if self._connection is None:
            if self.home.is_local:
                make_home(self.home.folder)
            # Interval 0: every read sees the last commit of any process.
            now = timedelta(0)
            session = lancedb().Session(
                index_cache_size_bytes=INDEX_CACHE_BYTES,
                metadata_cache_size_bytes=METADATA_CACHE_BYTES,
            )
            self._connection = wait_for(
                lancedb().connect_async(
                    self.uri,
                    read_consistency_interval=now,
                    session=session,
                    storage_options=None if self.home.is_local else TABLE_OPTIONS,
                )
            )
        return self._connection

    def _read(self, selections: Sequence[Selection]) -> "list[pa.Table]":
        tables = [self._opened(asked.record) for asked in selections]

        async def read(table: "AsyncTable", asked: Selection) -> "pa.Table":
            columns = asked.columns
            query = table.query().select(columns if isinstance(columns, dict) else list(columns))
            query = query.where(asked.where) if asked.where else query
            with disk_errors(self.uri, asked.record.TABLE):
                return await (query.limit(asked.limit) if asked.limit else query).to_arrow()

        async def read_all() -> "list[pa.Table]":
            return await asyncio.gather(*map(read, tables, selections))

        return wait_for(read_all())


def render_chain(chain: Sequence[Version]) -> Rgb:
    """The pixels of a root and its patches, in order."""
    from models.versions import Codec, Patch, render

    root, *patches = chain
    return render(
        root.payload,
        (Patch(box=v.box, codec=Codec(v.codec), payload=v.payload) for v in patches),
    )


def _frame(table: "pa.Table") -> "pl.DataFrame":
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), IDS_PER_QUERY):
        yield values[start : start + IDS_PER_QUERY]
