"""LanceDB's tables: opened, indexed, merged, and what goes wrong with them in one line."""

import errno
import re
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from models.faults import ImgEditError
from resources.arrow import arrow_schema, vector_columns
from resources.lance_import import lancedb
from resources.retrying import said_if_slow
from resources.schema import Record
from resources.vectors import bring_vector_index_up_to_date

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb import AsyncConnection
    from lancedb.table import AsyncTable

T = TypeVar("T")

READ_FOR = timedelta(hours=1)
"""So long another process may still read a version that was superseded."""

COPIED_FREELY_BYTES = 64_000_000
"""LanceDB drops versions as it compacts, which copies what lives: of a table larger than this, a
quarter must be superseded before that pays."""

COMPACT_AFTER_FRAGMENTS = 64
"""Every commit is a small fragment; past this many a compaction pays for itself."""

COMPACT_AFTER_BYTES = 16_000_000
"""A compaction waits for one more fragment for each so many bytes that it would copy, so that a
table of pictures is not written over and over."""

ROWS_PER_FRAGMENT = 1 << 20
"""A compaction leaves fragments of this many rows alone."""

INDEX_AFTER_ROWS = 20_000
"""Below this many rows, scanning the ids is as fast as an index."""

INDEX_TAIL_ROWS = 2_000
"""Rows that no index knows yet are scanned, 0.2 ms a lookup for each fragment of them. So many, or
a 500th of the table, may wait."""

INDEXED = ("id", "shard", "edit_type", "partition")
"""What filters select by, where a table has it."""


_UNREACHED = re.compile(r"Generic \w+ error|error sending request|[Cc]onnect|tim(?:e|ed) ?out")
"""What the client of an object store says once it has given up trying again."""

_NOTHING = {"string": "''", "double": "cast('NaN' as double)"}
"""What a column that came later holds in the rows from before, by its type, in SQL; null in one
that may be null."""


class StoreError(ImgEditError):
    """The store cannot be read or written."""


class UnreachedError(StoreError):
    """An object store did not answer; whether it did what it was asked is not known."""


class DamagedTableError(StoreError):
    """A table's files are damaged, as far as LanceDB tells."""


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Wait for LanceDB on its event loop: half of what a lookup costs by its blocking interface."""
    done: T = lancedb().background_loop.LOOP.run(work)
    return done


async def open_table(db: "AsyncConnection", record: type[Record]) -> "AsyncTable":
    """A record's table, made where it is not there yet.

    Columns that came to it later hold nothing in the rows from before: null, else "" or NaN.
    """
    if is_emptied(db.uri, record.TABLE):
        msg = "its data is there, but no version of it"
        raise RuntimeError(msg)
    wanted = arrow_schema(record)
    try:
        return await db.create_table(record.TABLE, schema=wanted, exist_ok=True)
    except ValueError as error:
        table = await db.open_table(record.TABLE)
        schema = await table.schema()
        missing = [column for column in wanted if column.name not in schema.names]
        is_older = set(schema.names) <= set(wanted.names)
        if schema.names and missing and is_older and all(str(c.type) in _NOTHING for c in missing):
            await table.add_columns({c.name: _nothing(c) for c in missing})
            return await open_table(db, record)
        # A list of versions that was overwritten with zeros reads as a table without columns.
        if not schema.names:
            raise
        if not (differences := other_columns(record, schema)):
            return table  # in another order, since some came later
        msg = (
            f"table {record.TABLE} in {db.uri} has other columns than this version of imgedit "
            f"writes ({differences}): set IMGEDIT_HOME to a new folder, or use the version that "
            "made it"
        )
        raise StoreError(msg) from error


def _nothing(column: "pa.Field[Any]") -> str:
    kind = str(column.type)
    return f"cast(null as {kind})" if column.nullable else _NOTHING[kind]


def is_emptied(uri: str, table: str) -> bool:
    """Whether a table has lost its list of versions; opening it would begin a new one."""
    folder = Path(uri, f"{table}.lance")
    if "://" in uri or any(folder.glob("_versions/*.manifest")):
        return False
    return any(folder.glob("data/*.lance"))


async def read_through(uri: str, record: type[Record], columns: Sequence[str]) -> None:
    """Read some columns of every row, some rows at a time, to see that it can be done."""
    table = await open_table(await lancedb().connect_async(uri), record)
    batches = await table.query().select(list(columns)).to_batches(max_batch_length=1024)
    async for _ in batches:
        pass


async def bring_indexes_up_to_date(
    record: type[Record], table: "AsyncTable", *, wholly: bool
) -> None:
    """Index a large table, again where many rows have come since; `wholly`: where any have."""
    from lancedb.index import Bitmap, BTree

    for column in vector_columns(record):
        await bring_vector_index_up_to_date(table, column, wholly=wholly)
    rows = await table.count_rows()
    if rows <= INDEX_AFTER_ROWS:
        return
    tail = 0 if wholly else max(INDEX_TAIL_ROWS, rows // 500)
    there = {index.columns[0]: index.name for index in await table.list_indices()}
    for column in (c.name for c in fields(record) if c.name in INDEXED):
        stats = await table.index_stats(there[column]) if column in there else None
        if stats is None or stats.num_unindexed_rows > tail:
            # Made anew, and not merged by `optimize`: that would copy the rows as well.
            await table.create_index(column, config=BTree() if column == "id" else Bitmap())


def is_fragmented(stats: Any) -> bool:  # noqa: ANN401 - a dictionary of LanceDB's
    """Whether a table has more small fragments than reading them costs less than merging them."""
    if not stats["num_rows"]:
        return False
    copied = min(stats["num_rows"], ROWS_PER_FRAGMENT) / stats["num_rows"] * stats["total_bytes"]
    allowed = COMPACT_AFTER_FRAGMENTS + copied // COMPACT_AFTER_BYTES
    return bool(stats["fragment_stats"]["num_small_fragments"] > allowed)


def has_superseded(uri: str, table: str, live_bytes: int) -> bool:
    """Whether a local table has versions that nobody reads any more, worth a compaction."""
    folder = Path(uri, f"{table}.lance")
    if "://" in uri:
        return False
    try:
        made = sorted(file.stat().st_mtime for file in folder.glob("_versions/*.manifest"))
        held = sum(file.stat().st_size for file in folder.glob("data/*.lance"))
    except FileNotFoundError:  # another process is just dropping them
        return False
    # The newest is no superseded one; the next was superseded when the newest was made.
    is_old = len(made) > 1 and made[1] < time.time() - READ_FOR.total_seconds()
    return is_old and (live_bytes < COPIED_FREELY_BYTES or held - live_bytes > live_bytes / 4)


@contextmanager
def disk_errors(uri: str, table: str = "") -> Iterator[None]:
    """Turn what the disk says, and what LanceDB says of a table, into one line with the remedy."""
    try:
        with said_if_slow(uri) if "://" in uri else nullcontext():
            yield
    except ImgEditError:
        raise
    except Exception as error:  # LanceDB raises any of Python's errors, and panics of Rust's
        text = str(error)
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text:
            msg = f"no space left under {uri}: free some, then run again; finished work is kept"
            raise StoreError(msg) from error
        if isinstance(error, OSError) or "denied" in text or "Read-only" in text:
            msg = f"cannot use {uri}: {text}; set IMGEDIT_HOME to a writable folder"
            raise StoreError(msg) from error
        if "://" in uri and _UNREACHED.search(text):
            msg = (
                f"{uri} did not answer as it must ({in_short(text)}): check the store, "
                "AWS_ENDPOINT_URL and the credentials, then run again: finished work is kept"
            )
            raise UnreachedError(msg) from error
        if not table:
            raise
        if "conflict" in text.lower():
            msg = f"other processes keep writing to table {table} in {uri}: run again"
            raise StoreError(msg) from error
        msg = (
            f"table {table} in {uri} is damaged, or cannot be read just now ({in_short(text)}): "
            f"`imgedit doctor` looks at every table, and `imgedit doctor --mend` sets what is "
            "damaged aside and names the run that makes its rows again"
        )
        raise DamagedTableError(msg) from error


def in_short(text: str) -> str:
    """What LanceDB says, without its own sources and the classes of its errors."""
    said = re.split(r", /\S+\.rs:\d+", text)[0].replace("lance error: ", "").partition("\n")[0]
    return re.sub(r"LanceError\(\w+\): |Generic \S+ error: |External error: ", "", said)[:300]


def other_columns(record: type[Record], schema: "pa.Schema") -> str:
    """How a table's columns differ from those that this version writes; empty where they do not."""
    ours = {field.name: field.type for field in arrow_schema(record)}
    theirs = {field.name: field.type for field in schema}
    both = [name for name in ours if name in theirs]
    differences = {
        "lacks": [name for name in ours if name not in theirs],
        "has besides": [name for name in theirs if name not in ours],
        "has of another type": [name for name in both if ours[name] != theirs[name]],
    }
    return "; ".join(
        f"it {verb} {', '.join(names)}" for verb, names in differences.items() if names
    )
