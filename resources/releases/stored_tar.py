"""Pairs in WebDataset tars."""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path

from models.faults import Fault, FaultError, Reason
from resources.reading import open_regular, parse_json
from resources.releases.checksums import file_inside
from resources.releases.limits import (
    MAX_IMAGE_BYTES,
    MAX_JSON_BYTES,
    MAX_MEMBERS,
)
from resources.releases.sample import IMAGE_COLUMNS
from resources.releases.stored import PairRef, StoredRow, stamp_of
from resources.sources.tar_members import tar_members

_LIMITS = {**dict.fromkeys(IMAGE_COLUMNS, MAX_IMAGE_BYTES), "json": MAX_JSON_BYTES}
"""The members that are read, and their most bytes."""


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


def load_members(ref: PairRef) -> StoredRow:
    """A sample of a tar.

    Raises:
        FaultError: A member is missing, too large, cut off, or no JSON.
    """
    data: dict[str, bytes] = {}
    with open_regular(file_inside(Path(ref.root), ref.path)) as file:
        for extension, offset, size in ref.members:
            column = extension.partition(".")[0]
            if column in data:
                raise FaultError(Reason.BAD_ROW, f"{ref.name} has {column} twice")
            if (limit := _LIMITS.get(column)) is None:
                continue
            if size > limit:
                detail = f"{ref.name}.{extension} has {size:,} bytes, more than {limit:,}"
                raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
            file.seek(offset)
            data[column] = file.read(size)
            if len(data[column]) < size:
                raise FaultError(Reason.TRUNCATED, f"{ref.name}.{extension} is cut off")
    try:
        values = parse_json(data["json"])
    except KeyError:
        raise FaultError(Reason.BAD_ROW, f"{ref.name} has no .json") from None
    except ValueError as error:
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json: {error}") from error
    if not isinstance(values, dict):
        raise FaultError(Reason.BAD_ROW, f"{ref.name}.json is no object")
    return StoredRow(values=values, images={n: d for n, d in data.items() if n in IMAGE_COLUMNS})


def _key(name: str) -> tuple[str, str]:
    """`a/b` and `source.jpg` of `a/b.source.jpg`."""
    folder, slash, base = name.rpartition("/")
    stem, _, extension = base.partition(".")
    return f"{folder}{slash}{stem}", extension
