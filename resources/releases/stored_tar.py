"""Pairs in WebDataset tars."""

import json
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath

from models.faults import FaultError, Reason
from resources.releases.checksums import file_inside
from resources.releases.sample import IMAGE_COLUMNS
from resources.releases.stored import PairRef, StoredRow, stamp_of


def list_tar(root: Path, path: Path) -> Iterator[PairRef]:
    """Every pair of one tar, with where its members begin; no member is read.

    Raises:
        FaultError: The tar cannot be read, is cut off, or has members that climb out of a folder.
    """
    relative, stamp = path.relative_to(root).as_posix(), stamp_of(path)
    samples = groupby(_members(path), key=lambda member: _key(member.name)[0])
    for number, (key, members) in enumerate(samples):
        yield PairRef(
            root=str(root),
            layout="webdataset",
            path=relative,
            row=number,
            name=key,
            members=tuple((_key(m.name)[1], m.offset_data, m.size) for m in members),
            stamp=stamp,
        )


def load_members(ref: PairRef) -> StoredRow:
    """A sample of a tar.

    Raises:
        FaultError: A member is missing, cut off, or no JSON.
    """
    data: dict[str, bytes] = {}
    with file_inside(Path(ref.root), ref.path).open("rb") as file:
        for extension, offset, size in ref.members:
            file.seek(offset)
            column = extension.partition(".")[0]
            if column in data:
                raise FaultError(Reason.BAD_ROW, f"{ref.name} has {column} twice")
            data[column] = file.read(size)
            if len(data[column]) < size:
                raise FaultError(Reason.TRUNCATED, f"{ref.name}.{extension} is cut off")
    try:
        values = json.loads(data["json"])
    except KeyError:
        raise FaultError(Reason.BAD_ROW, f"{ref.name} has no .json") from None
    except (ValueError, RecursionError) as error:
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json: {error}") from error
    if not isinstance(values, dict):
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json is no object")
    return StoredRow(values=values, images={n: d for n, d in data.items() if n in IMAGE_COLUMNS})


def _members(path: Path) -> Iterator[tarfile.TarInfo]:
    n_bytes = path.stat().st_size
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                _check(path, member, n_bytes)
                yield member
                # `tarfile` keeps every member that it has seen, for all of a tar's millions.
                tar.members = []  # type: ignore[attr-defined]
            end = tar.offset
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        reason = Reason.EMPTY_FILE if not n_bytes else Reason.UNREADABLE
        raise FaultError(reason, f"{path.name}: {error}") from error
    # `tarfile` takes a broken header for the end, which is a block of zeros.
    with path.open("rb") as file:
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise FaultError(
                Reason.TRUNCATED, f"{path.name} ends at byte {end} without an end mark"
            )


def _check(path: Path, member: tarfile.TarInfo, n_bytes: int) -> None:
    place = PurePosixPath(member.name)
    if place.is_absolute() or ".." in place.parts or not (member.isreg() or member.isdir()):
        detail = f"{path.name} has the member {member.name!r}, which a reader must not unpack"
        raise FaultError(Reason.OUTSIDE_FOLDER, detail)
    if member.offset_data + member.size > n_bytes:
        raise FaultError(Reason.TRUNCATED, f"{path.name} is cut off in {member.name}")


def _key(name: str) -> tuple[str, str]:
    """`a/b` and `source.jpg` of `a/b.source.jpg`."""
    folder, slash, base = name.rpartition("/")
    stem, _, extension = base.partition(".")
    return f"{folder}{slash}{stem}", extension
