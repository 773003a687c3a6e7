"""Pairs in WebDataset tars."""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from models.faults import Fault, FaultError, Reason
from resources.reading import open_regular, parse_json
from resources.releases.checksums import file_inside
from resources.releases.limits import (
    MAX_IMAGE_BYTES,
    MAX_JSON_BYTES,
    MAX_MEMBERS,
)
from resources.releases.mapping import mapped
from resources.releases.sample import IMAGE_COLUMNS, NO_IMAGE
from resources.releases.stored import PairRef, StoredRow, stamp_of
from resources.sources.tar_members import tar_members

_LIMITS = {**dict.fromkeys(IMAGE_COLUMNS, MAX_IMAGE_BYTES), "json": MAX_JSON_BYTES}
"""The members that are read, and their most bytes."""
_TEXTS = ("txt", "text", "caption", "prompt", "instruction", "edit_prompt")
"""Members of somebody's set that are no images."""


def list_tar(root: Path, path: Path) -> Iterator[PairRef]:
    """Every pair of one tar, with where its members begin; no member is read.

    Raises:
        FaultError: The tar cannot be read, is cut off, or has members that climb out of a folder.
    """
    relative, stamp = path.relative_to(root).as_posix(), stamp_of(path)
    samples = groupby(tar_members(path), key=lambda member: _key(member.name)[0])
    for number, (key, members) in enumerate(samples):
        some = list(islice(members, MAX_MEMBERS + 1))
        fault = None
        if len(some) > MAX_MEMBERS:
            detail = f"{key} has more than {MAX_MEMBERS} files"
            fault = Fault(reason=Reason.BAD_ROW, detail=detail)
        yield PairRef(
            root=str(root),
            layout="webdataset",
            path=relative,
            row=number,
            name=key,
            members=tuple((_key(m.name)[1], m.offset_data, m.size) for m in some[:MAX_MEMBERS]),
            stamp=stamp,
            fault=fault,
        )


def tar_columns(path: Path) -> list[str]:
    """What the first sample's members are called; nothing of a tar that cannot be read."""
    try:
        first = next(list_tar(path.parent, path), None)
    except FaultError:
        return []
    return [extension.partition(".")[0] for extension, _, _ in first.members] if first else []


def load_members(ref: PairRef) -> StoredRow:
    """A sample of a tar.

    Raises:
        FaultError: A member is missing, too large, cut off, or no JSON.
    """
    data: dict[str, bytes] = {}
    theirs = {name for _, name in ref.columns}
    limits = {**_LIMITS, **dict.fromkeys(theirs, MAX_IMAGE_BYTES)} if theirs else _LIMITS
    with open_regular(file_inside(Path(ref.root), ref.path)) as file:
        for extension, offset, size in ref.members:
            column = extension.partition(".")[0]
            if column in data:
                raise FaultError(Reason.BAD_ROW, f"{ref.name} has {column} twice")
            if (limit := limits.get(column)) is None:
                continue
            if size > limit:
                detail = f"{ref.name}.{extension} has {size:,} bytes, more than {limit:,}"
                raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
            file.seek(offset)
            data[column] = file.read(size)
            if len(data[column]) < size:
                raise FaultError(Reason.TRUNCATED, f"{ref.name}.{extension} is cut off")
    if ref.columns:
        texts = {name: data[name].decode(errors="replace") for name in _TEXTS if name in data}
        said = _json(ref, data["json"]) if "json" in data else {}
        return mapped(ref, {**said, **data, **texts})
    if "json" not in data:
        raise FaultError(Reason.BAD_ROW, f"{ref.name} has no .json")
    values = _json(ref, data["json"])
    images = {n: d for n, d in data.items() if n in IMAGE_COLUMNS and d != NO_IMAGE}
    return StoredRow(values=values, images=images)


def _json(ref: PairRef, text: bytes) -> dict[str, Any]:
    try:
        values = parse_json(text)
    except ValueError as error:
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json: {error}") from error
    if not isinstance(values, dict):
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json is no object")
    return values


def _key(name: str) -> tuple[str, str]:
    """`a/b` and `source.jpg` of `a/b.source.jpg`."""
    folder, slash, base = name.rpartition("/")
    stem, _, extension = base.partition(".")
    return f"{folder}{slash}{stem}", extension
