"""Pairs in Parquet: rows with image bytes, or rows with paths in the published layout."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.faults import FaultError, Reason
from resources.releases.checksums import file_inside
from resources.releases.front_matter import Layout
from resources.releases.parquet_groups import column_names, count_rows, read_column, read_row
from resources.releases.sample import IMAGE_COLUMNS
from resources.releases.stored import PairRef, StoredRow, stamp_of

MAX_IMAGE_BYTES = 256_000_000
"""A larger file is not read into memory: twice the largest uncompressed image that is decoded."""

_BYTES = frozenset({"source", "target", "instruction"})
_PATHS = frozenset({"input_images", "output_images", "prompt"})
_DIALOGUES = frozenset({"data"})


def layout_of(path: Path) -> Layout:
    """The layout of a Parquet file by its columns.

    Raises:
        FaultError: It cannot be read, or holds no pairs.
    """
    columns = column_names(path)
    if _BYTES.issubset(columns):
        return "huggingface"
    if _PATHS.issubset(columns) or _DIALOGUES.issubset(columns):
        return "imgedit"
    detail = (
        f"{path.name} has the columns {', '.join(columns)[:200]}; pairs need {_words(_BYTES)}, "
        f"or {_words(_PATHS)}, or {_words(_DIALOGUES)}"
    )
    raise FaultError(Reason.BAD_ROW, detail)


def list_parquet(root: Path, path: Path, layout: Layout) -> Iterator[PairRef]:
    """Every pair of one file, without its images.

    Raises:
        FaultError: The file cannot be read.
    """
    columns = column_names(path)
    relative = path.relative_to(root).as_posix()
    rows = _names(path, columns, relative)
    later = [turn != 1 for turn in read_column(path, "turn")] if "turn" in columns else []
    for row, turns in enumerate(rows):
        for number, name in enumerate(turns, 1):
            yield PairRef(
                root=str(root),
                layout=layout,
                path=relative,
                row=row,
                turn=number,
                continues=number > 1 or (row < len(later) and later[row]),
                name=name,
                stamp=stamp_of(path),
            )


def load_bytes(ref: PairRef) -> StoredRow:
    """A row that holds its images.

    Raises:
        FaultError: The row cannot be read.
    """
    record = read_row(file_inside(Path(ref.root), ref.path), ref.row)
    cells = {name: record.pop(name, None) for name in IMAGE_COLUMNS}
    images = {
        name: cell["bytes"]
        for name, cell in cells.items()
        if isinstance(cell, Mapping) and isinstance(cell.get("bytes"), bytes)
    }
    return StoredRow(values=record, images=images)


def load_paths(ref: PairRef) -> StoredRow:
    """A row of the published layout, or one turn of it, with the images that it names.

    Raises:
        FaultError: The row cannot be read, or an image is missing or outside the folder.
    """
    root = Path(ref.root)
    record = read_row(file_inside(root, ref.path), ref.row)
    values: dict[str, Any] = record
    if "data" in record and "prompt" not in record:
        turns = record["data"]
        if not _are_turns(turns):
            raise FaultError(Reason.BAD_ROW, f"data is {str(turns)[:60]!r}, not a list of turns")
        values = {**turns[ref.turn - 1]}
        values.setdefault("turn", ref.turn)
        values.setdefault("turns", len(turns))
        values.setdefault("dialogue_id", f"{ref.path}:{ref.row}")
    values.setdefault("edit_type", _class_of(ref.path))
    values["instruction"] = values.pop("prompt", None)
    paths = _paths(values)
    images = {column: _read(root, ref.path, name) for column, name in paths.items()}
    return StoredRow(values=values, images=images)


def _names(path: Path, columns: Sequence[str], relative: str) -> Iterator[list[str]]:
    """For each row the names of its pairs: one, or one for each turn."""
    if "data" in columns and "prompt" not in columns:
        for row, turns in enumerate(read_column(path, "data")):
            place = f"{relative}:{row}"
            if _are_turns(turns):
                yield [_name(t.get("id"), f"{place}:{n}") for n, t in enumerate(turns, 1)]
            else:
                yield [place]
        return
    ids = read_column(path, "id") if "id" in columns else [None] * count_rows(path)
    for row, name in enumerate(ids):
        yield [_name(name, f"{relative}:{row}")]


def _are_turns(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(t, dict) for t in value)


def _name(value: object, place: str) -> str:
    return value if isinstance(value, str) and value else place


def _paths(values: dict[str, Any]) -> dict[str, str]:
    """The paths by column; takes them out of the values."""
    inputs, outputs = values.pop("input_images", None), values.pop("output_images", None)
    extras = {
        "mask": values.pop("mask_image", None),
        "previous": values.pop("previous_image", None),
    }
    for name, paths in (("input_images", inputs), ("output_images", outputs)):
        if not isinstance(paths, list) or not paths or not all(isinstance(p, str) for p in paths):
            raise FaultError(Reason.BAD_ROW, f"{name} is {paths!r}, not a list of paths")
    named = {"source": inputs[0], "target": outputs[0], **extras}
    if len(inputs) > 1:
        named["reference"] = inputs[1]
    return {column: path for column, path in named.items() if path is not None}


def _read(root: Path, parquet: str, name: str) -> bytes:
    """An image, from the folder that holds `Parquet`, or where its archives are unpacked."""
    home = Path(parquet).parent
    home = home.parent if home.name == "Parquet" else home
    places = [home / name, home / "Singleturn" / name, home / "Multiturn" / name, Path(name)]
    fault: FaultError | None = None
    for place in places:
        try:
            path = file_inside(root, place.as_posix())
        except FaultError as error:
            if error.fault.reason is not Reason.MISSING_FILE:
                raise
            fault = fault or error
            continue
        if (size := path.stat().st_size) > MAX_IMAGE_BYTES:
            raise FaultError(Reason.DECOMPRESSION_BOMB, f"{name} has {size} bytes")
        return path.read_bytes()
    raise FaultError(Reason.MISSING_FILE, f"{name} is not there{_archives(root)}") from fault


@lru_cache(maxsize=8)
def _archives(root: Path) -> str:
    """What to do first where the published archives still lie packed."""
    packed = next(root.rglob("*.tar.split.*"), None)
    if packed is None:
        return ""
    stem = packed.relative_to(root).as_posix().rpartition(".")[0]
    return f"; unpack the archives first: cat {stem}.* | tar -x -C {Path(stem).parent}"


def _class_of(path: str) -> str:
    """`version_backtracking` of `Parquet/results_version_backtracking_part0.parquet`."""
    return re.sub(r"(^results_)|(_laion)|(_part\d+$)", "", Path(path).stem)


def _words(columns: frozenset[str]) -> str:
    return ", ".join(sorted(columns))
