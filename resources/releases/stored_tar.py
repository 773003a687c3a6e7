"""Pairs in WebDataset tars."""

import os
import tarfile
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from models.faults import Fault, FaultError, Reason
from resources.reading import open_regular, parse_json
from resources.releases.checksums import file_inside
from resources.releases.limits import (
    MAX_HEADER_BYTES,
    MAX_IMAGE_BYTES,
    MAX_JSON_BYTES,
    MAX_MEMBERS,
    MAX_NAME_CHARS,
)
from resources.releases.mapping import mapped
from resources.releases.sample import IMAGE_COLUMNS, NO_IMAGE
from resources.releases.stored import PairRef, StoredRow, stamp_of

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


class _Headers:
    """A tar's file for `tarfile`, which reads as much for a name as its header says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell = file.tell
        self.seek = file.seek

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_HEADER_BYTES:
            msg = f"a member's header of {size:,} bytes, more than {MAX_HEADER_BYTES:,}"
            raise OSError(msg)
        return self._file.read(size)


def tar_members(path: Path) -> Iterator[tarfile.TarInfo]:
    """The regular members of a tar, in its order; none is read.

    Raises:
        FaultError: As `list_tar`.
    """
    with open_regular(path) as file:
        n_bytes = os.fstat(file.fileno()).st_size
        try:
            with tarfile.TarFile(fileobj=_Headers(file)) as tar:  # type: ignore[arg-type]
                for member in tar:
                    _check(path, member, n_bytes)
                    if member.isreg():
                        yield member
                    # `tarfile` keeps every member that it has seen, for all of a tar's millions.
                    tar.members = []  # type: ignore[attr-defined]
                end = tar.offset
        except (tarfile.TarError, OSError, ValueError, EOFError, RecursionError) as error:
            reason = Reason.EMPTY_FILE if not n_bytes else Reason.UNREADABLE
            raise FaultError(reason, f"{path.name}: {error}") from error
        # `tarfile` takes a broken header for the end, which is a block of zeros.
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise FaultError(
                Reason.TRUNCATED, f"{path.name} ends at byte {end} without an end mark"
            )


def _check(path: Path, member: tarfile.TarInfo, n_bytes: int) -> None:
    place = PurePosixPath(member.name)
    if len(member.name) > MAX_NAME_CHARS:
        detail = f"{path.name} has a name of {len(member.name):,} characters in it"
        raise FaultError(Reason.BAD_ROW, detail)
    # Of a sparse file the tar holds only parts.
    is_plain = member.isdir() or (member.isreg() and not member.issparse())
    if place.is_absolute() or ".." in place.parts or not is_plain:
        detail = f"{path.name} has the member {member.name!r}, which a reader must not unpack"
        raise FaultError(Reason.OUTSIDE_FOLDER, detail)
    # A negative size would send `tarfile` back, to read the same members for ever.
    if member.size < 0 or member.offset_data + member.size > n_bytes:
        raise FaultError(Reason.TRUNCATED, f"{path.name} is cut off in {member.name}")


def _key(name: str) -> tuple[str, str]:
    """`a/b` and `source.jpg` of `a/b.source.jpg`."""
    folder, slash, base = name.rpartition("/")
    stem, _, extension = base.partition(".")
    return f"{folder}{slash}{stem}", extension
