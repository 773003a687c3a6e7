"""A Parquet or CSV table of local paths or URLs, in LAION's column style."""

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl

from models.annotation import Annotation
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.text import storable
from resources.reading import descriptor_path, open_regular
from resources.sources.item import SourceItem, stated
from resources.uris import file_uri, path_of, shard_prefix

# Columns by their names in small letters, the first that is there counts.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "place": ("url", "image_url", "path", "image_path", "filepath", "file_name"),
    "caption": ("text", "caption"),
    "width": ("width", "original_width"),
    "height": ("height", "original_height"),
    "aesthetic": ("aesthetic_score", "aesthetic", "aesthetic_score_laion_v2"),
    "licence": ("license", "licence"),
    "attribution": ("attribution", "author", "credit"),
}
Row = Mapping[str, object]
"""Cells by field."""
Choose = Callable[[Sequence[str]], Mapping[str, str]]
"""Picks columns by their names: fields to columns."""

_LINE_CHARS = 2**20
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


class TableSource:
    """The images that a table names, in the table's order.

    Relative paths start at the table's folder. A path that leads out of it, as it stands or by
    links, is refused: a stranger's table must not pull private files into a release.

    Args:
        path: The table.
        allow_paths: Folders that its paths may lead to as well.
    """

    def __init__(self, path: Path, *, allow_paths: Sequence[Path] = ()) -> None:
        self._path = path.expanduser().resolve()
        allowed = (self._path.parent, *allow_paths)
        self._allowed = [Path(folder).expanduser().resolve() for folder in allowed]
        self.name = shard_prefix("table", self._path)

    def items(self) -> Iterator[SourceItem]:
        """One item for each row.

        Raises:
            ImgEditError: The table cannot be read or has no column of paths or URLs.
        """
        seen: set[str] = set()
        for number, row in enumerate(_rows(self._path, self._chosen)):
            try:
                if isinstance(row, Fault):
                    raise FaultError(row.reason, row.detail)
                yield self._item(row, seen)
            except FaultError as error:
                detail = f"row {number}: {error.fault.detail}"
                yield SourceItem(
                    uri=file_uri(self._path, fragment=f"row={number}"),
                    fault=Fault(reason=error.fault.reason, detail=detail),
                )

    def _chosen(self, columns: Sequence[str]) -> dict[str, str]:
        there = {name.strip().lower(): name for name in reversed(columns)}
        chosen = {
            field: there[alias]
            for field, aliases in _COLUMNS.items()
            if (alias := next((a for a in aliases if a in there), None))
        }
        whole = self._path.with_suffix(".tar").is_file() or self._path.with_suffix("").is_dir()
        if whole and {"key", "status", "url"} <= there.keys():
            msg = (
                f"{self._path} is img2dataset's list of what lies beside it already: "
                f"give --images {self._path.parent}, which reads the images with their captions"
            )
            raise ImgEditError(msg)
        if "place" not in chosen:
            msg = (
                f"{self._path} has columns {sorted(there.values())}; "
                f"it needs one of {', '.join(_COLUMNS['place'])} (any case)"
            )
            raise ImgEditError(msg)
        return chosen

    def _item(self, row: Row, seen: set[str]) -> SourceItem:
        uri = self._uri(_place(row["place"]))
        if uri in seen:
            raise FaultError(Reason.DUPLICATE, f"it names {uri} again")
        seen.add(uri)
        return SourceItem(
            uri=uri,
            annotation=Annotation(caption=storable(_text(row.get("caption")))),
            licence=_text(row.get("licence")),
            attribution=_text(row.get("attribution")),
            stated=stated(
                width=row.get("width"), height=row.get("height"), aesthetic=row.get("aesthetic")
            ),
        )

    def _uri(self, place: str) -> str:
        """The place as a URI; a local one is inside what the table may reach."""
        address = _ADDRESS.match(place)
        scheme = address[1].lower() if address else ""
        if scheme in {"http", "https"}:
            if storable(place) != place:
                raise FaultError(Reason.BAD_ROW, f"{place!r} is no address")
            return place
        if scheme not in {"", "file"}:
            raise FaultError(Reason.FETCH_REFUSED, f"nothing reads {place!r}")
        try:
            path = self._path.parent / (path_of(place) if scheme else place)
            real = Path(os.path.realpath(path))
        except (OSError, ValueError) as error:
            raise FaultError(Reason.BAD_ROW, f"{place!r} is no path: {error}") from error
        if not any(real.is_relative_to(folder) for folder in self._allowed):
            detail = (
                f"{place!r} leads out of the table's folder; if that is meant, "
                f"`--allow-paths {real.parent}` lets it"
            )
            raise FaultError(Reason.OUTSIDE_FOLDER, detail)
        return file_uri(path)


def _place(cell: object) -> str:
    """The text of a cell that is to say where the image is."""
    place = os.fsdecode(cell) if isinstance(cell, bytes) else "" if cell is None else cell
    if not isinstance(place, str):
        raise FaultError(Reason.BAD_ROW, f"{place!r} is neither a path nor an address")
    if not (place := place.strip()):
        raise FaultError(Reason.MISSING_FILE, "it names no image")
    return place


def _text(cell: object) -> str:
    """The words of a cell; of several, as of captions, the first."""
    if isinstance(cell, list):
        cell = cell[0] if cell else ""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "replace")
    return cell.strip() if isinstance(cell, str) else ""


def _rows(path: Path, choose: Choose) -> Iterator[Row | Fault]:
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
