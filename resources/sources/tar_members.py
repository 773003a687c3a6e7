"""The members of a tar that a stranger wrote, found without reading any."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from models.faults import FaultError, Reason
from resources.reading import open_regular

MAX_HEADER_BYTES = 2**20
"""One header of a tar's member, in which its name may stand."""
MAX_NAME_CHARS = 1024
"""The name of a member."""


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
