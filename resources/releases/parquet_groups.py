"""Rows of Parquet files, read a bounded piece at a time; a few pieces are kept while asked for.

Texts that a dictionary holds stay there, so that a text which is named a million times is in memory
once; how much a row takes is looked at before it is unpacked.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.faults import FaultError, Reason
from resources.reading import open_regular
from resources.releases.limits import (
    MAX_FOOTER_BYTES,
    MAX_RATIO,
    MAX_ROW_BYTES,
    UNPACKED_BYTES,
)
from resources.releases.pages import ColumnSize, column_size
from resources.releases.stored import stamp_of

KEPT_GROUPS = 3
"""One that is being read by each of two threads, and one more where they cross over."""

LISTED_ROWS = 1024
"""Rows of a column that is listed at once."""

_MAGIC = b"PAR1"


def column_names(path: Path) -> list[str]:
    """The columns of a Parquet file.

    Raises:
        FaultError: It is no Parquet file, or is cut off.
    """
    return list(_index(path, stamp_of(path)).names)


def leaf_names(path: Path) -> list[str]:
    """The paths of the columns and of what is nested in them, as Parquet spells them."""
    return list(_index(path, stamp_of(path)).leaves)


def count_rows(path: Path) -> int:
    """How many rows a Parquet file says that it has."""
    return _index(path, stamp_of(path)).ends[-1]


def read_column(path: Path, column: str) -> Iterator[pa.Array]:
    """One column, or one leaf of it, piece by piece.

    Raises:
        FaultError: It cannot be read.
    """
    stamp = stamp_of(path)
    for number in range(_index(path, stamp).metadata.num_row_groups):
        for batch in _Group(path, stamp, number, (column,), most_rows=LISTED_ROWS).batches():
            yield batch.column(0)


def read_row(path: Path, row: int, columns: Sequence[str]) -> dict[str, Any]:
    """Those of some columns that a row has.

    Raises:
        FaultError: It cannot be read, or takes more than a row may.
    """
    stamp = stamp_of(path)
    index = _index(path, stamp)
    group = next((number for number, end in enumerate(index.ends) if row < end), None)
    if group is None:
        raise FaultError(Reason.BAD_ROW, f"{path.name} has {index.ends[-1]} rows, no row {row}")
    start = index.ends[group - 1] if group else 0
    known = tuple(name for name in index.names if name in columns)
    record = _group(path, stamp, group, known).row(row - start)
    with _read_errors(path):
        (values,) = record.to_pylist()
    return dict(values)


def texts(path: Path, column: pa.Array) -> list[Any]:
    """The values of a piece of a column of names, if they are small.

    Raises:
        FaultError: They take too much, or are no Unicode.
    """
    if _unpacked_bytes(column) > UNPACKED_BYTES:
        raise FaultError(Reason.DECOMPRESSION_BOMB, f"{path.name} has names of any length")
    with _read_errors(path):
        values: list[Any] = column.to_pylist()
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """What stands at the end of a Parquet file."""

    metadata: Any
    names: tuple[str, ...]
    leaves: tuple[str, ...]
    ends: tuple[int, ...]
    """Where each row group ends."""


@lru_cache(maxsize=64)
def _index(path: Path, stamp: str) -> _Index:
    n_bytes = _checked_footer(path)
    with _read_errors(path), pq.ParquetFile(path) as file:
        metadata, names = file.metadata, tuple(file.schema_arrow.names)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    ends = tuple(accumulate(group.num_rows for group in groups)) or (0,)
    # Each pair has images and an id of its own, so none takes less than a byte.
    if any(group.num_rows < 0 for group in groups) or ends[-1] > n_bytes:
        detail = f"{path.name} says that it has {ends[-1]:,} rows in {n_bytes:,} bytes"
        raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
    leaves = tuple(metadata.schema.column(n).path for n in range(metadata.num_columns))
    return _Index(metadata=metadata, names=names, leaves=leaves, ends=ends)


def _checked_footer(path: Path) -> int:
    """The bytes of a file, if its index is of a size to be read."""
    with open_regular(path) as file:
        n_bytes = file.seek(0, 2)
        file.seek(max(0, n_bytes - 8))
        tail = file.read(8)
    if len(tail) < 8 or tail[4:] != _MAGIC:
        # A Parquet file ends with its index, so one that was cut off has lost it.
        raise FaultError(Reason.TRUNCATED, f"{path.name} has no index at its end: it is cut off")
    if (footer := int.from_bytes(tail[:4], "little")) > MAX_FOOTER_BYTES:
        detail = f"{path.name} has an index of {footer:,} bytes, more than {MAX_FOOTER_BYTES:,}"
        raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
    return n_bytes


class _Group:
    """The rows of one row group, from front to back; the last ones are kept."""

    def __init__(
        self, path: Path, stamp: str, number: int, columns: Sequence[str], *, most_rows: int = 0
    ) -> None:
        self._path = path
        self._index = _index(path, stamp)
        self._number = number
        self._columns = list(columns)
        self._most_rows = most_rows
        self._lock = threading.Lock()
        self._coming: Iterator[pa.RecordBatch] = iter(())
        self._kept: deque[tuple[int, pa.RecordBatch]] = deque()
        self._next = -1
        self._stored = 0
        self._given, self._given_bytes = -1, 0

    def row(self, row: int) -> pa.RecordBatch:
        """One row, if it is of a size to be unpacked.

        Raises:
            FaultError: It is not, or the rows cannot be read.
        """
        record = self._row(row)
        if (lists := sum(_list_bytes(column) for column in record.columns)) > MAX_ROW_BYTES:
            detail = f"its lists take {lists:,} bytes, more than {MAX_ROW_BYTES:,}"
            raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        n_bytes = sum(_unpacked_bytes(column) for column in record.columns)
        with self._lock:
            if row > self._given:
                self._given, self._given_bytes = row, self._given_bytes + n_bytes
            if self._given_bytes > UNPACKED_BYTES + MAX_RATIO * self._stored:
                detail = f"the rows of its group come to {MAX_RATIO} times their stored bytes"
                raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        return record

    def _row(self, row: int) -> pa.RecordBatch:
        with self._lock:
            if self._next < 0 or (self._kept and row < self._kept[0][0]):
                self._coming, self._next = self.batches(), 0
                self._kept.clear()
            try:
                while row >= self._next:
                    self._take()
            except FaultError:
                self._next = -1
                raise
            start, batch = next((s, b) for s, b in self._kept if s <= row < s + b.num_rows)
            return batch.slice(row - start, 1)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, as many at a time as their pages allow.

        Raises:
            FaultError: They cannot be read, or unpack to more than a row group may.
        """
        rows = self._batch_rows()
        with (
            _read_errors(self._path),
            pq.ParquetFile(
                self._path,
                read_dictionary=self._dictionaries(),
                buffer_size=2**20,
                pre_buffer=False,
            ) as file,
        ):
            yield from file.iter_batches(
                rows, row_groups=[self._number], columns=self._columns, use_threads=False
            )

    def _take(self) -> None:
        batch = next(self._coming, None)
        if batch is None:
            detail = f"{self._path.name}: a row group has fewer rows than it says"
            raise FaultError(Reason.UNREADABLE, detail)
        self._kept.append((self._next, batch))
        self._next += batch.num_rows
        while len(self._kept) > 1 and sum(b.nbytes for _, b in self._kept) > UNPACKED_BYTES:
            self._kept.popleft()

    def _leaves(self) -> list[int]:
        wanted = set(self._columns)
        names = enumerate(self._index.leaves)
        return [n for n, leaf in names if leaf in wanted or leaf.partition(".")[0] in wanted]

    def _dictionaries(self) -> list[str]:
        schema = self._index.metadata.schema
        group = self._index.metadata.row_group(self._number)
        return [
            self._index.leaves[n]
            for n in self._leaves()
            if schema.column(n).physical_type == "BYTE_ARRAY"
            and group.column(n).has_dictionary_page
        ]

    def _batch_rows(self) -> int:
        """Rows to read at once, so that what they unpack to is bounded.

        Raises:
            FaultError: Even one row may unpack to too much.
        """
        rows: int = self._index.metadata.row_group(self._number).num_rows
        columns, n_bytes = self._sizes()
        self._stored = stored = sum(column.size.stored for column in columns)
        held = sum(column.held for column in columns)
        # Columns that share their bytes would be unpacked once each.
        if stored > n_bytes or held > UNPACKED_BYTES + 2 * stored:
            raise FaultError(Reason.DECOMPRESSION_BOMB, self._too_much(held, stored))
        if sum(column.whole for column in columns) > UNPACKED_BYTES:
            rows = UNPACKED_BYTES // sum(c.size.largest_page + c.width for c in columns)
        return max(1, min(rows, self._most_rows or rows))

    def _sizes(self) -> "tuple[list[_Unpacked], int]":
        """What each leaf takes, and the bytes of the file."""
        schema = self._index.metadata.schema
        group = self._index.metadata.row_group(self._number)
        with open_regular(self._path) as file:
            columns = [
                _Unpacked(
                    size=column_size(file, group.column(n)),
                    width=max(8, schema.column(n).length or 0),
                    nested=schema.column(n).max_repetition_level > 0,
                )
                for n in self._leaves()
            ]
            return columns, file.seek(0, 2)

    def _too_much(self, held: int, stored: int) -> str:
        return (
            f"{self._path.name}: row group {self._number} unpacks {stored:,} bytes to {held:,} or "
            f"more at once, beyond twice its size and {UNPACKED_BYTES:,}; write it again in "
            "smaller row groups and pages"
        )


@lru_cache(maxsize=KEPT_GROUPS)
def _group(path: Path, stamp: str, number: int, columns: tuple[str, ...]) -> _Group:
    return _Group(path, stamp, number, columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unpacked:
    """What a leaf of a row group takes in memory."""

    size: ColumnSize
    width: int
    """Bytes of a value beside those in the pages: an index, or what the column's type makes it."""
    nested: bool

    @property
    def held(self) -> int:
        """While one row is read, which may hold every item of a nested column."""
        items = self.size.values * self.width if self.nested else 0
        return items + self.size.largest_page + self.size.dictionary

    @property
    def whole(self) -> int:
        """While all rows are read."""
        return self.size.values * self.width + self.size.pages + self.size.dictionary


def _unpacked_bytes(column: pa.Array) -> int:
    """What a column's values take once the texts that a dictionary holds are written out."""
    kind = column.type
    if pa.types.is_map(kind):
        raise FaultError(Reason.BAD_ROW, "it has a map, which no release has")
    if isinstance(column, pa.ExtensionArray):
        return _unpacked_bytes(column.storage)
    if pa.types.is_struct(kind):
        return sum(_unpacked_bytes(part) for part in column.flatten())
    if pa.types.is_nested(kind):
        return _unpacked_bytes(column.flatten())
    if pa.types.is_dictionary(kind):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
        return int(pc.sum(lengths).as_py() or 0) + 8 * len(column)
    return int(column.nbytes) + 8 * len(column)


def _list_bytes(column: pa.Array) -> int:
    """What a column takes if it is one of lists; else nothing."""
    flat = not pa.types.is_nested(column.type) or pa.types.is_struct(column.type)
    return 0 if flat else _unpacked_bytes(column)


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a file into a fault."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        # A Parquet file ends with its index, so one that was cut off has lost it.
        cut_off = "magic bytes" in str(error)
        reason = Reason.TRUNCATED if cut_off else Reason.UNREADABLE
        detail = f"{path.name}: {' '.join(str(error).split())[:200]}"
        raise FaultError(reason, detail) from error
