"""Pairs in a manifest: JSON lines, a JSON list or a CSV of paths and instructions."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.faults import Fault, FaultError, Reason
from resources.reading import open_regular, parse_json, read_regular
from resources.releases.checksums import file_inside
from resources.releases.limits import MAX_JSON_BYTES
from resources.releases.mapping import mapped
from resources.releases.stored import PairRef, StoredRow, stamp_of

MANIFESTS = (".jsonl", ".json", ".csv")


def manifest_columns(path: Path) -> list[str]:
    """The columns of a manifest's first row.

    Raises:
        FaultError: It cannot be read.
    """
    if path.suffix == ".jsonl":
        first = next(_lines(path), (0, 0))
        row = _line(path, *first)
    else:
        rows = _rows(path, stamp_of(path))
        row = rows[0] if rows else {}
    return [str(name) for name in row] if isinstance(row, Mapping) else []


def list_manifest(root: Path, path: Path) -> Iterator[PairRef]:
    """Every row of a manifest, without its images.

    Raises:
        FaultError: It cannot be read.
    """
    relative, stamp = path.relative_to(root).as_posix(), stamp_of(path)
    lines: Iterator[tuple[tuple[str, int, int], ...]]
    if path.suffix == ".jsonl":
        lines = ((("line", at, size),) for at, size in _lines(path))
    else:
        lines = (() for _ in _rows(path, stamp))
    for row, members in enumerate(lines):
        yield PairRef(
            root=str(root),
            layout="manifest",
            path=relative,
            row=row,
            name=f"{relative}:{row}",
            members=members,
            stamp=stamp,
        )


def load_manifest(ref: PairRef) -> StoredRow:
    """A row of a manifest with the images that it names.

    Raises:
        FaultError: The row cannot be read, or an image is missing or outside the folder.
    """
    path = file_inside(Path(ref.root), ref.path)
    if ref.members:
        _, at, size = ref.members[0]
        row = _line(path, at, size)
    else:
        rows = _rows(path, stamp_of(path))
        row = rows[ref.row] if ref.row < len(rows) else None
    if not isinstance(row, Mapping):
        raise FaultError(Reason.BAD_ROW, "it is no object of columns")
    return mapped(ref, row)


def _lines(path: Path) -> Iterator[tuple[int, int]]:
    """Where each line that is not blank begins, and its bytes."""
    at = 0
    with open_regular(path) as file:
        while line := file.readline(MAX_JSON_BYTES):
            if line.strip():
                yield at, len(line)
            at += len(line)


def _line(path: Path, at: int, size: int) -> object:
    with open_regular(path) as file:
        file.seek(at)
        try:
            return parse_json(file.read(min(size, MAX_JSON_BYTES)).decode("utf-8-sig"))
        except ValueError as error:
            raise FaultError(Reason.BAD_ROW, f"it is no line of JSON: {error}") from error


def _rows(path: Path, stamp: str) -> Sequence[Any]:
    """The rows of a manifest that is read whole.

    Raises:
        FaultError: It cannot be read; found out once.
    """
    rows = _parsed(path, stamp)
    if isinstance(rows, Fault):
        raise FaultError(rows.reason, rows.detail)
    return rows


@lru_cache(maxsize=2)
def _parsed(path: Path, stamp: str) -> Sequence[Any] | Fault:
    try:
        text = read_regular(path).decode("utf-8-sig")
        rows = (
            list(csv.DictReader(io.StringIO(text))) if path.suffix == ".csv" else parse_json(text)
        )
    except FaultError as error:
        return error.fault
    except (ValueError, csv.Error) as error:
        return Fault(reason=Reason.UNREADABLE, detail=f"{path.name}: {error}")
    if not isinstance(rows, list):
        return Fault(reason=Reason.UNREADABLE, detail=f"{path.name} is no list of rows")
    return rows
