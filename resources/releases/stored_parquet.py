"""Pairs in Parquet: rows with image bytes, or rows with paths in the published layout."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.faults import FaultError, Reason
from resources.reading import read_regular
from resources.releases.checksums import file_inside
from resources.releases.columns import COLUMNS
from resources.releases.limits import MAX_IMAGE_BYTES, MAX_NAME_CHARS, MAX_TURNS
from resources.releases.parquet_groups import (
    column_names,
    count_rows,
    leaf_names,
    read_column,
    read_row,
    texts,
)
from resources.releases.sample import IMAGE_COLUMNS, Layout
from resources.releases.stored import PairRef, StoredRow, stamp_of
from resources.releases.tree import files_under

_BYTES = frozenset({"source", "target", "instruction"})
_PATHS = frozenset({"input_images", "output_images", "prompt"})
_DIALOGUES = frozenset({"data"})
_READ = (
    *(column.name for column in COLUMNS),
    *("input_images", "output_images", "prompt", "mask_image", "previous_image", "data"),
)
"""The columns that are read; what others there are takes no memory."""


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
    relative, stamp = path.relative_to(root).as_posix(), stamp_of(path)
    rows = _names(path, columns, relative)
    turns = _column(path, "turn") if "turn" in columns else repeat(1)
    room = path.stat().st_size
    for row, (names, turn) in enumerate(zip(rows, turns, strict=False)):
        pairs = [names] if isinstance(names, str) else names
        room -= len(pairs)
        if room < 0:
            detail = f"{path.name} has more pairs than bytes"
            raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        for number, name in enumerate(pairs, 1):
            yield PairRef(
                root=str(root),
                layout=layout,
                path=relative,
                row=row,
                turn=number,
                continues=number > 1 or turn != 1,
                name=name,
                stamp=stamp,
            )


def load_bytes(ref: PairRef) -> StoredRow:
    """A row that holds its images.

    Raises:
        FaultError: The row cannot be read.
    """
    record = read_row(file_inside(Path(ref.root), ref.path), ref.row, _READ)
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
    record = read_row(file_inside(root, ref.path), ref.row, _READ)
    values: dict[str, Any] = record
    if "data" in record and "prompt" not in record:
        turns = record["data"]
        if not _are_turns(turns):
            raise FaultError(Reason.BAD_ROW, f"data is {str(turns)[:60]!r}, not a list of turns")
        if not ref.turn <= len(turns) <= MAX_TURNS:
            detail = f"the dialogue has {len(turns):,} turns, more than {MAX_TURNS}"
            raise FaultError(Reason.BAD_ROW, detail)
        values = {**turns[ref.turn - 1]}
        values.setdefault("turn", ref.turn)
        values.setdefault("turns", len(turns))
        values.setdefault("dialogue_id", f"{ref.path}:{ref.row}")
    values.setdefault("edit_type", _class_of(ref.path))
    values["instruction"] = values.pop("prompt", None)
    paths = _paths(values)
    files = {column: _found(root, ref.path, name) for column, name in paths.items()}
    return StoredRow(
        values=values,
        images={c: read_regular(p, max_bytes=MAX_IMAGE_BYTES) for c, p in files.items()},
        files={c: p.relative_to(root).as_posix() for c, p in files.items()},
    )


def _names(path: Path, columns: Sequence[str], relative: str) -> Iterator[str | list[str]]:
    """For each row the name of its pair, or the names of its turns."""
    if "data" in columns and "prompt" not in columns:
        for row, ids in enumerate(_turn_ids(path)):
            place = f"{relative}:{row}"
            # A row that is no dialogue, or none that is read, is one reference, which says so.
            yield [_name(id_, f"{place}:{n}") for n, id_ in enumerate(ids, 1)] or place
        return
    names = _column(path, "id") if "id" in columns else repeat(None, count_rows(path))
    for row, name in enumerate(names):
        yield _name(name, f"{relative}:{row}")


def _column(path: Path, column: str) -> Iterator[Any]:
    return chain.from_iterable(texts(path, piece) for piece in read_column(path, column))


def _turn_ids(path: Path) -> Iterator[list[Any]]:
    """For each dialogue the ids of its turns; none where it is none, or too long."""
    leaves = [leaf for leaf in leaf_names(path) if leaf.partition(".")[0] == "data"]
    # A single leaf tells how many turns there are; where they have ids, that leaf.
    ids = [leaf for leaf in leaves if leaf.count(".") == 3 and leaf.endswith(".id")]
    for piece in read_column(path, (ids or leaves)[0]):
        if not pa.types.is_list(piece.type) or not pa.types.is_struct(piece.type.value_type):
            yield from ([] for _ in range(len(piece)))
            continue
        lengths = pc.fill_null(pc.list_value_length(piece), 0).to_pylist()
        for row, length in enumerate(lengths):
            turns = texts(path, piece.slice(row, 1))[0] if 0 < length <= MAX_TURNS else []
            yield [turn.get("id") for turn in turns] if _are_turns(turns) else []


def _are_turns(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(t, dict) for t in value)


def _name(value: object, place: str) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS else place


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


def _found(root: Path, parquet: str, name: str) -> Path:
    """An image's file, from the folder that holds `Parquet`, or where its archives are unpacked."""
    home = Path(parquet).parent
    home = home.parent if home.name == "Parquet" else home
    places = [home / name, home / "Singleturn" / name, home / "Multiturn" / name, Path(name)]
    fault: FaultError | None = None
    for place in places:
        try:
            return file_inside(root, place.as_posix())
        except FaultError as error:
            if error.fault.reason is not Reason.MISSING_FILE:
                raise
            fault = fault or error
    raise FaultError(Reason.MISSING_FILE, f"{name} is not there{_archives(root)}") from fault


@lru_cache(maxsize=8)
def _archives(root: Path) -> str:
    """What to do first where the published archives still lie packed."""
    packed = next((p for p in files_under(root).paths if ".tar.split." in p.name), None)
    if packed is None:
        return ""
    stem = packed.relative_to(root).as_posix().rpartition(".")[0]
    return f"; unpack the archives first: cat {stem}.* | tar -x -C {Path(stem).parent}"


def _class_of(path: str) -> str:
    """`version_backtracking` of `Parquet/results_version_backtracking_part0.parquet`."""
    return re.sub(r"(^results_)|(_laion)|(_part\d+$)", "", Path(path).stem)


def _words(columns: frozenset[str]) -> str:
    return ", ".join(sorted(columns))
