"""A Parquet or CSV table of local paths or URLs, in LAION's column style."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from models.annotation import Annotation
from models.faults import Fault, ImgEditError, Reason
from resources.sources.item import SourceItem
from resources.sources.uris import file_uri, shard_prefix

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
_NUMBERS = frozenset({"width", "height", "aesthetic"})


class TableSource:
    """The images that a table names, in the table's order.

    Relative paths start at the table's folder and may not leave it. Rows whose own columns say
    that the image is too small or too plain are faulty before anything is fetched.
    """

    def __init__(
        self, path: Path, *, min_short_side_px: int = 0, min_aesthetic: float = 0.0
    ) -> None:
        self._path = path.expanduser().resolve()
        self._min_short_side_px = min_short_side_px
        self._min_aesthetic = min_aesthetic
        self.name = shard_prefix("table", self._path)

    def items(self) -> Iterator[SourceItem]:
        """One item for each row.

        Raises:
            ImgEditError: The table cannot be read or has no column of paths or URLs.
        """
        seen: set[str] = set()
        number = 0
        try:
            frame = self._scan()
            for batch in frame.collect_batches(maintain_order=True):
                for row in batch.iter_rows(named=True):
                    yield self._item(row, number, seen)
                    number += 1
        except (pl.exceptions.PolarsError, OSError) as error:
            msg = f"cannot read the table {self._path}: {error}; give a Parquet or CSV file"
            raise ImgEditError(msg) from error

    def _scan(self) -> pl.LazyFrame:
        if self._path.suffix.lower() in {".csv", ".tsv"}:
            separator = "\t" if self._path.suffix.lower() == ".tsv" else ","
            frame = pl.scan_csv(self._path, separator=separator, infer_schema=False)
        else:
            frame = pl.scan_parquet(self._path)
        there = {name.lower(): name for name in reversed(frame.collect_schema().names())}
        chosen = {
            field: there[alias]
            for field, aliases in _COLUMNS.items()
            if (alias := next((a for a in aliases if a in there), None))
        }
        if "place" not in chosen:
            msg = (
                f"{self._path} has columns {sorted(there.values())}; "
                f"it needs one of {', '.join(_COLUMNS['place'])} (any case)"
            )
            raise ImgEditError(msg)
        kinds = {f: pl.Float64 if f in _NUMBERS else pl.String for f in chosen}
        return frame.select(
            pl.col(column).cast(kinds[field], strict=False).alias(field)
            for field, column in chosen.items()
        )

    def _item(self, row: Mapping[str, Any], number: int, seen: set[str]) -> SourceItem:
        row_uri = file_uri(self._path, fragment=f"row={number}")
        place = (row["place"] or "").strip()
        if not place:
            return _faulty(row_uri, Reason.MISSING_FILE, f"row {number} names no image")
        uri = place if urlsplit(place).scheme in {"http", "https"} else self._local(place)
        if uri is None:
            detail = f"row {number}: {place!r} leaves the folder of the table"
            return _faulty(row_uri, Reason.OUTSIDE_FOLDER, detail)
        if uri in seen:
            return _faulty(row_uri, Reason.DUPLICATE, f"row {number} names {uri} again")
        seen.add(uri)
        return SourceItem(
            uri=uri,
            annotation=Annotation(caption=(row.get("caption") or "").strip()),
            licence=row.get("licence") or "",
            attribution=row.get("attribution") or "",
            fault=self._declared_fault(row),
        )

    def _local(self, place: str) -> str | None:
        if place.startswith("file://"):
            return place
        path = Path(place)
        if path.is_absolute():
            return file_uri(path)
        folder = self._path.parent
        inside = (folder / path).resolve().is_relative_to(folder)
        return file_uri(folder / path) if inside else None

    def _declared_fault(self, row: Mapping[str, Any]) -> Fault | None:
        width, height, aesthetic = row.get("width"), row.get("height"), row.get("aesthetic")
        if width and height and min(width, height) < self._min_short_side_px:
            detail = f"the table says {width:.0f} x {height:.0f} pixels"
            return Fault(reason=Reason.TOO_SMALL, detail=detail)
        if aesthetic is not None and aesthetic < self._min_aesthetic:
            detail = f"the table says {aesthetic:.2f}, less than {self._min_aesthetic:.2f}"
            return Fault(reason=Reason.LOW_AESTHETIC, detail=detail)
        return None


def _faulty(uri: str, reason: Reason, detail: str) -> SourceItem:
    return SourceItem(uri=uri, fault=Fault(reason=reason, detail=detail))
