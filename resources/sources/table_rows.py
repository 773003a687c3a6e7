"""The rows of a table, cell by cell as they stand there: one bad row is one fault."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl

from models.faults import Fault, FaultError, ImgEditError, Reason
from resources.reading import descriptor_path, open_regular

Row = Mapping[str, object]
"""Cells by field."""
Choose = Callable[[Sequence[str]], Mapping[str, str]]
"""Picks columns by their names: fields to columns."""

_LINE_CHARS = 2**20


def table_rows(path: Path, choose: Choose) -> Iterator[Row | Fault]:
    """The chosen cells of a Parquet, CSV or TSV table, in its order; a fault for a broken row.

    Raises:
        ImgEditError: The table as a whole cannot be read.
    """
    try:
        with open_regular(path) as file:
            suffix = path.suffix.lower()
            if suffix in {".csv", ".tsv"}:
                yield from _csv_rows(file, choose, "\t" if suffix == ".tsv" else ",")
            else:
                yield from _parquet_rows(file, choose)
    except FaultError as error:
        raise _unreadable(path, error.fault.detail) from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _unreadable(path, str(error).partition("\n")[0]) from error


def _unreadable(path: Path, why: str) -> ImgEditError:
    return ImgEditError(f"cannot read the table {path}: {why}; give a Parquet or CSV file")


def _parquet_rows(file: BinaryIO, choose: Choose) -> Iterator[Row]:
    frame = pl.scan_parquet(descriptor_path(file), glob=False)
    chosen = choose(frame.collect_schema().names())
    expected, count = frame.select(pl.len()).collect().item(), 0
    columns = frame.select(pl.col(column).alias(field) for field, column in chosen.items())
    for batch in columns.collect_batches(maintain_order=True):
        for row in batch.iter_rows(named=True):
            yield row
            count += 1
    if count < expected:
        # A panic of one of polars' threads ends the batches without an error.
        raise FaultError(Reason.UNREADABLE, f"only {count} of its {expected} rows can be read")


def _csv_rows(file: BinaryIO, choose: Choose, separator: str) -> Iterator[Row | Fault]:
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    places: dict[str, int] | None = None
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            where = f"line {first}" if first == lines.number else f"lines {first}-{lines.number}"
            if places is None:
                raise FaultError(Reason.UNREADABLE, f"{where}: {error}") from error
            yield Fault(reason=Reason.BAD_ROW, detail=f"{where}: {error}")
            continue
        if places is None:
            chosen = choose(cells)
            places = {field: cells.index(column) for field, column in chosen.items()}
        elif cells:
            yield {field: cells[at] for field, at in places.items() if at < len(cells)}
    if places is None:
        choose([])


class _Lines:
    """Lines of bounded length; bytes that are no UTF-8 survive, as in the names of files."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LINE_CHARS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) < _LINE_CHARS or line.endswith(("\n", "\r")):
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(_LINE_CHARS)
        msg = f"it has more than {_LINE_CHARS} characters"
        raise csv.Error(msg)
