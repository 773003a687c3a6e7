"""Row groups of Parquet files, a few of which are kept while their rows are asked for."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.faults import FaultError, Reason
from resources.releases.stored import stamp_of

if TYPE_CHECKING:
    import pyarrow as pa

KEPT_GROUPS = 3
"""One that is being read by each of two threads, and one more where they cross over."""


def column_names(path: Path) -> list[str]:
    """The columns of a Parquet file.

    Raises:
        FaultError: It is no Parquet file, or is cut off.
    """
    return list(_schema(path, stamp_of(path)).names)


def count_rows(path: Path) -> int:
    """How many rows a Parquet file says that it has."""
    return _ends(path, stamp_of(path))[-1]


def read_column(path: Path, column: str) -> list[Any]:
    """One small column.

    Raises:
        FaultError: It cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        values: list[Any] = pq.read_table(path, columns=[column]).column(0).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return values


def read_row(path: Path, row: int) -> dict[str, Any]:
    """One row, by column.

    Raises:
        FaultError: Its row group cannot be read.
    """
    stamp = stamp_of(path)
    ends = _ends(path, stamp)
    group = next((number for number, end in enumerate(ends) if row < end), None)
    if group is None:
        raise FaultError(Reason.BAD_ROW, f"{path.name} has {ends[-1]} rows, no row {row}")
    start = ends[group - 1] if group else 0
    record: dict[str, Any] = _group(path, stamp, group).slice(row - start, 1).to_pylist()[0]
    return record


@lru_cache(maxsize=64)
def _schema(path: Path, stamp: str) -> "pa.Schema":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


@lru_cache(maxsize=64)
def _ends(path: Path, stamp: str) -> Sequence[int]:
    """Where each row group ends."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        meta = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    sizes = [meta.row_group(number).num_rows for number in range(meta.num_row_groups)]
    return tuple(accumulate(sizes)) or (0,)


@lru_cache(maxsize=KEPT_GROUPS)
def _group(path: Path, stamp: str, number: int) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return file.read_row_group(number)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> FaultError:
    # A Parquet file ends with its index, so one that was cut off has lost it.
    cut_off = "magic bytes" in str(error) or path.stat().st_size == 0
    reason = Reason.TRUNCATED if cut_off else Reason.UNREADABLE
    return FaultError(reason, f"{path.name}: {' '.join(str(error).split())[:200]}")
