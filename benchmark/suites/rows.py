"""Rows of a suite's own files: JSON objects and lines, CSV and Parquet, with duplicates found."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.faults import FaultError, ImgEditError
from resources.reading import descriptor_path, open_regular, parse_json, read_regular

Row = Mapping[str, Any]
"""Cells by column."""

SUFFIXES = (".jsonl", ".csv", ".parquet")
"""Of tables of cases."""
_CELL_CHARS = 2**20
_BATCH = 32
"""Rows of a Parquet file in memory at once: each may hold pictures."""


def json_object(path: Path) -> Row:
    """A JSON object; one that names a key twice is refused, since either could be meant.

    Raises:
        ImgEditError: It cannot be read, is no JSON object, or names keys twice.
    """
    value = _parsed(_text(path), str(path))
    if not isinstance(value, dict):
        message = f"{path} holds no JSON object of cases by their keys"
        raise ImgEditError(message)
    return value


def json_records(path: Path) -> list[tuple[str, Row]]:
    """The records of an object by their keys, or of JSON lines by their numbers, from "1".

    Lines are known by the suffix, or by each being an object of its own.

    Raises:
        ImgEditError: As `json_object` and `json_lines`.
    """
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    whole = [line.startswith("{") and line.endswith("}") for line in lines]
    if path.suffix == ".jsonl" or (len(lines) > 1 and all(whole)):
        return [(str(number), row) for number, (_, row) in enumerate(json_lines(path), 1)]
    return [(key, row if isinstance(row, dict) else {}) for key, row in json_object(path).items()]


def table(path: Path) -> Iterator[tuple[str, Row]]:
    """The rows of a table by its suffix, each with where it stands: "cases.csv, line 3".

    Raises:
        ImgEditError: It cannot be read, or a line is broken.
    """
    match path.suffix.lower():
        case ".parquet":
            yield from _parquet(path)
        case ".csv":
            yield from _csv(path)
        case _:
            yield from json_lines(path)


def json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    """The objects of a file of JSON lines; empty lines are passed over.

    Raises:
        ImgEditError: It cannot be read, or a line is no JSON object or names keys twice.
    """
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            where = f"{path.name}, line {number}"
            value = _parsed(line, where)
            if not isinstance(value, dict):
                message = f"{where}, holds no JSON object"
                raise ImgEditError(message)
            yield where, value


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(_CELL_CHARS)
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                message = f"{path.name}, line {reader.line_num}, has more cells than columns"
                raise ImgEditError(message)
            yield f"{path.name}, line {reader.line_num}", row
    except csv.Error as error:
        message = f"{path.name}, line {reader.line_num}: {error}"
        raise ImgEditError(message) from error


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    import polars as pl

    try:
        with open_regular(path) as file:
            frame = pl.scan_parquet(descriptor_path(file), glob=False)
            number = 0
            batches = frame.collect_batches(chunk_size=_BATCH, maintain_order=True)
            for batch in batches:
                for row in batch.iter_rows(named=True):
                    yield f"{path.name}, row {number}", row
                    number += 1
            expected = frame.select(pl.len()).collect().item()
    except FaultError as error:
        raise ImgEditError(error.fault.detail) from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        message = f"{path} is no Parquet file that can be read: {str(error).partition(chr(10))[0]}"
        raise ImgEditError(message) from error
    if number < expected:
        message = f"{path}: only {number} of its {expected} rows can be read"
        raise ImgEditError(message)


def _text(path: Path) -> str:
    try:
        return read_regular(path).decode("utf-8-sig")
    except FaultError as error:
        raise ImgEditError(error.fault.detail) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8: {error.reason} at byte {error.start}"
        raise ImgEditError(message) from error


def _parsed(text: str, where: str) -> Any:  # noqa: ANN401 - JSON
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs)
        twice.extend(key for key, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        value = parse_json(text, pairs=once)
    except ValueError as error:
        message = f"{where} is no JSON: {error}"
        raise ImgEditError(message) from error
    if twice:
        message = (
            f"{where} names {len(twice)} key(s) more than once "
            f"({', '.join(map(repr, twice[:8]))}): keep one of each"
        )
        raise ImgEditError(message)
    return value
