"""The LanceDB store: rows, versions, units of work and rejects.

How nothing is lost and nothing is seen half done:

- a batch is committed as versions, rows, rejects and last its units, so a unit that is marked done
  has everything it made; a batch that a crash tore is done again and inserts the same ids once;
- a partition is finished by one commit to `heads`, which lists its row ids; readers take exactly
  those rows, so they see the old partition or the new one and never a mixture;
- only then are the rows that no longer belong deleted.
"""

import errno
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock

from models.faults import ImgEditError
from models.geometry import Rgb
from models.versions import Codec, Patch, render
from resources.arrow import arrow_schema, from_arrow, to_arrow
from resources.schema import (
    ASSET_ROWS,
    Head,
    Record,
    Reject,
    Row,
    SourceImage,
    SourceItemRow,
    Unit,
    Version,
    VideoFrame,
)

if TYPE_CHECKING:
    import lancedb
    import polars as pl
    import pyarrow as pa
    from lancedb.table import Table

R = TypeVar("R", bound=Record)

log = logging.getLogger(__name__)

ROOT_ASSETS = frozenset({SourceImage.TABLE, VideoFrame.TABLE})
"""A root outlives its row: pairs of other edit types may still be painted on it."""

IDS_PER_QUERY = 500
"""An `IN` list longer than this is split, which keeps a filter's parsing cheap."""

COMPACT_AFTER_FRAGMENTS = 64
"""Every commit is a small fragment; past this many a compaction pays for itself."""

INDEX_AFTER_ROWS = 20_000
"""Below this many rows, scanning the ids is as fast as an index."""


class StoreError(ImgEditError):
    """The store cannot be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition of one asset."""

    asset: str
    shard: str
    edit_type: str = ""

    @property
    def id(self) -> str:
        """The id of its head."""
        return f"{self.asset}|{self.edit_type}|{self.shard}"

    @property
    def where(self) -> str:
        """The filter that selects its rows in a table of several assets."""
        return f"asset = {quoted(self.asset)} AND {self.where_rows}"

    @property
    def where_rows(self) -> str:
        """The filter that selects its rows in the asset's own table."""
        return f"shard = {quoted(self.shard)} AND edit_type = {quoted(self.edit_type)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What some finished units made."""

    rows: Sequence[Row] = ()
    versions: Sequence[Version] = ()
    rejects: Sequence[Reject] = ()
    units: Sequence[Unit] = ()


def quoted(text: str) -> str:
    """A string literal of the filter language."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """A filter for any of some values."""
    return f"{column} IN ({', '.join(quoted(v) for v in values)})"


class Store:
    """Tables under one URI: a folder, or an object store."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()

    # Writing

    def commit(self, batch: Batch) -> None:
        """Commit what some units made; the units last."""
        self.insert(Version, batch.versions)
        if batch.rows:
            self.insert(type(batch.rows[0]), batch.rows)
        self.insert(Reject, batch.rejects)
        self.insert(Unit, batch.units)

    def insert(self, record: type[R], rows: Sequence[R]) -> None:
        """Insert the rows whose id is not there yet."""
        if rows:
            with _disk_errors(self.uri):
                merge = self._table(record).merge_insert("id").when_not_matched_insert_all()
                merge.execute(to_arrow(record, rows))

    def upsert(self, record: type[R], rows: Sequence[R]) -> None:
        """Insert rows, replacing those of the same id."""
        if rows:
            with _disk_errors(self.uri):
                merge = self._table(record).merge_insert("id").when_matched_update_all()
                merge.when_not_matched_insert_all().execute(to_arrow(record, rows))

    def finish(self, head: Head, unit_ids: Sequence[str]) -> None:
        """Make a partition's new rows the current ones, then drop what no longer belongs."""
        partition = Partition(asset=head.asset, shard=head.shard, edit_type=head.edit_type)
        self.upsert(Head, [head])
        self._keep_only(ASSET_ROWS[head.asset], partition.where_rows, "id", head.row_ids)
        if head.asset not in ROOT_ASSETS:
            self._keep_only(Version, partition.where, "row_id", head.row_ids)
        self._keep_only(Unit, partition.where, "id", unit_ids)
        self._keep_only(Reject, partition.where, "unit_id", unit_ids)

    def forget(self, record: type[Record], where: str) -> None:
        """Delete the rows that a filter selects."""
        with _disk_errors(self.uri):
            self._table(record).delete(where)

    def forget_where(
        self, record: type[Record], where: str, column: str, values: Sequence[str]
    ) -> None:
        """Delete the rows that a filter selects and that have one of some values."""
        for some in _chunks(values):
            self.forget(record, f"{where} AND {one_of(column, some)}")

    @contextmanager
    def locked(self, partition: Partition) -> Iterator[None]:
        """Keep other processes of this machine from working on a partition; waits for them.

        An object store has no such lock: there Dagster's own queue must keep runs apart.
        """
        if "://" in self.uri:
            yield
            return
        folder = Path(self.uri).parent / "locks"
        with _disk_errors(self.uri):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / partition.id.replace("|", "."))
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def compact(self, records: Sequence[type[Record]] | None = None) -> None:
        """Merge small fragments, index the ids of large tables, drop superseded versions.

        Safe beside other writers: a compaction that loses a race is left for the next time.
        """
        others: tuple[type[Record], ...] = (Version, Unit, Reject, Head, SourceItemRow)
        for record in records or (*ASSET_ROWS.values(), *others):
            table = self._table(record)
            stats: Any = table.stats()
            if stats["fragment_stats"]["num_small_fragments"] <= COMPACT_AFTER_FRAGMENTS:
                continue
            try:
                if stats["num_rows"] > INDEX_AFTER_ROWS and not table.list_indices():
                    table.create_scalar_index("id")
                # An hour keeps the versions that another process may still be reading.
                table.optimize(cleanup_older_than=timedelta(hours=1))
            except RuntimeError as error:
                log.info("%s is compacted another time: %s", record.TABLE, error)

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

    def heads(self, asset: str | None = None) -> list[Head]:
        """All finished partitions, or those of one asset."""
        return self.select(Head, f"asset = {quoted(asset)}" if asset else None)

    def current(self, record: type[R], shard: str, edit_type: str = "") -> list[R]:
        """The rows of a finished partition, in their units' order."""
        partition = Partition(asset=record.TABLE, shard=shard, edit_type=edit_type)
        head = self.head(partition)
        while head is not None and head.row_ids:
            by_id = {row.id: row for row in self.select(record, partition.where_rows)}
            if all(i in by_id for i in head.row_ids):
                return [by_id[i] for i in head.row_ids]
            # Rows go only after a newer head has come: take that one.
            before, head = head, self.head(partition)
            if head == before:
                msg = f"{partition.id} in {self.uri} lacks rows that it lists; restore a backup"
                raise StoreError(msg)
        return []

    def frame(self, asset: str, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """All current rows of an asset, across its partitions."""
        record = ASSET_ROWS[asset]
        wanted = list(columns or arrow_schema(record).names)
        selected = wanted if "id" in wanted else [*wanted, "id"]
        import polars as pl

        rows = _frame(self._arrow(record, None, selected))
        ids = [i for head in self.heads(asset) for i in head.row_ids]
        current = pl.DataFrame({"id": ids}, schema={"id": pl.String})
        return rows.unique("id", maintain_order=True).join(current, on="id").select(wanted)

    def table_frame(self, record: type[Record], columns: Sequence[str]) -> "pl.DataFrame":
        """Some columns of any table."""
        return _frame(self._arrow(record, None, columns))

    def select(self, record: type[R], where: str | None = None) -> list[R]:
        """The rows that a filter selects, whole."""
        return from_arrow(record, self._arrow(record, where, arrow_schema(record).names))

    def column(self, record: type[Record], column: str, where: str) -> list[str]:
        """One column of the rows that a filter selects."""
        values: list[str] = self._arrow(record, where, [column])[column].to_pylist()
        return values

    def by_ids(self, record: type[R], ids: Sequence[str]) -> dict[str, R]:
        """Rows by id; ids that are not there are left out."""
        found: dict[str, R] = {}
        for some in _chunks(list(dict.fromkeys(ids))):
            found |= {row.id: row for row in self.select(record, one_of("id", some))}
        return found

    def find(self, row_id: str) -> Row | None:
        """A row of any asset by its id."""
        for record in ASSET_ROWS.values():
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

    def render(self, version_id: str) -> Rgb:
        """A version's pixels."""
        return render_chain(self.chain(version_id))

    # Lance

    def _table(self, record: type[Record]) -> "Table":
        with self._lock:
            if record.TABLE not in self._tables:
                import lancedb

                with _disk_errors(self.uri):
                    # Interval 0: every read sees the last commit of any process.
                    db = lancedb.connect(self.uri, read_consistency_interval=timedelta(0))
                    self._tables[record.TABLE] = _opened(db, record)
            return self._tables[record.TABLE]

    def _arrow(self, record: type[Record], where: str | None, columns: Sequence[str]) -> "pa.Table":
        query = self._table(record).search().select(list(columns))
        return (query.where(where) if where else query).to_arrow()


def _opened(db: "lancedb.DBConnection", record: type[Record]) -> "Table":
    """A record's table, made where it is not there yet."""
    try:
        return db.create_table(record.TABLE, schema=arrow_schema(record), exist_ok=True)
    except ValueError as error:
        msg = (
            f"table {record.TABLE} in {db.uri} has other columns than this version of imgedit "
            "writes: set IMGEDIT_HOME to a new folder, or use the version that made it"
        )
        raise StoreError(msg) from error


def render_chain(chain: Sequence[Version]) -> Rgb:
    """The pixels of a root and its patches, in order."""
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


@contextmanager
def _disk_errors(uri: str) -> Iterator[None]:
    """Turn what the disk says into one line with the remedy."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        text = str(error)
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text:
            msg = f"no space left under {uri}: free some, then run again; finished work is kept"
            raise StoreError(msg) from error
        if isinstance(error, OSError) or "denied" in text or "Read-only" in text:
            msg = f"cannot use {uri}: {text}; set IMGEDIT_HOME to a writable folder"
            raise StoreError(msg) from error
        raise
