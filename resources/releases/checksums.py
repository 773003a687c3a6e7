"""SHA-256 of every file of a release, in the format of `sha256sum -c`."""

import hashlib
import mmap
import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from models.faults import FaultError, Reason

SUMS = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class Digests:
    """The checksums of a folder's files, worked out in a thread while the files are written.

    Files only ever grow at their end, so what has been written is hashed while more is written:
    it is read from the page cache, which costs the writer nothing on a second core.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._thread = ThreadPoolExecutor(1, "checksums")
        self._open: dict[Path, _Growing] = {}
        self._known: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=error is not None)

    def grown(self, path: Path) -> None:
        """Say that a file has been written up to its present end."""
        growing = self._open.setdefault(path, _Growing(path))
        growing.end = path.stat().st_size
        growing.tasks.append(self._thread.submit(growing.catch_up))

    def finished(self, path: Path, final: Path) -> None:
        """Give a file that will grow no more its final name."""
        self.grown(path)
        growing = self._open.pop(path)
        for task in growing.tasks:
            task.result()
        path.rename(final)
        self.add(final, growing.sha256.hexdigest())

    def add(self, path: Path, sha256: str) -> None:
        """State a file's checksum, where it is known already."""
        self._known[path.relative_to(self._root).as_posix()] = sha256

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file, by its path under the folder."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.add(path, hashlib.sha256(data).hexdigest())

    def by_path(self) -> dict[str, str]:
        """The checksums by path under the folder, in the order of the paths."""
        return dict(sorted(self._known.items()))

    def write_sums(self) -> None:
        """Write `SHA256SUMS` over all files."""
        lines = [f"{digest}  {path}\n" for path, digest in self.by_path().items()]
        (self._root / SUMS).write_text("".join(lines), "utf-8")


class _Growing:
    """A file that is being written, hashed up to some position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.end = 0
        self.sha256 = hashlib.sha256()
        self.tasks: list[Future[None]] = []

    def catch_up(self) -> None:
        """Hash all that has been written, by a single call.

        Between several the thread would wait for the interpreter lock, which Arrow holds while it
        copies images into its columns.
        """
        end = self.end
        if end == self._at:
            return
        start = self._at - self._at % mmap.ALLOCATIONGRANULARITY
        with (
            self._path.open("rb") as file,
            mmap.mmap(file.fileno(), end - start, access=mmap.ACCESS_READ, offset=start) as mapped,
            memoryview(mapped)[self._at - start :] as new,
        ):
            self.sha256.update(new)
        self._at = end


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(data: bytes) -> tuple[dict[str, str], list[str]]:
    """The checksums by path, and the lines that are none, or name a file twice."""
    sums: dict[str, str] = {}
    bad: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[2] in sums:
            bad.append(line)
        else:
            sums[match[2]] = match[1]
    return sums, bad


def file_inside(root: Path, name: str) -> Path:
    """The regular file that a relative path names under a resolved folder.

    Raises:
        FaultError: OUTSIDE_FOLDER for a path that is absolute, climbs, or follows a link out of the
            folder; MISSING_FILE; UNREADABLE for what is no regular file.
    """
    relative = Path(name)
    if not name or "\0" in name or relative.is_absolute() or ".." in relative.parts:
        raise FaultError(Reason.OUTSIDE_FOLDER, f"{name!r} is not a path inside the folder")
    try:
        path = (root / relative).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FaultError(Reason.MISSING_FILE, f"{name}: {_strerror(error)}") from error
    if not path.is_relative_to(root):
        raise FaultError(Reason.OUTSIDE_FOLDER, f"{name} links to {path}, outside the folder")
    if not path.is_file():
        raise FaultError(Reason.UNREADABLE, f"{name} is not a regular file")
    return path


def _strerror(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
