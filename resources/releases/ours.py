"""Which files of a folder are provably those of a release as we wrote it; only they are deleted."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from models.faults import FaultError
from resources.reading import read_regular
from resources.releases.checksums import SUMS, read_sums
from resources.releases.croissant import CROISSANT, stated_files

LARGE_BYTES = 2_000_000_000
"""Reading so much takes long enough to say why."""

_SHARDS = (".parquet", ".tar", ".jsonl", ".csv")
_NAMED = 5

Stamp = tuple[int, int, int, int, int]
"""Changes with a file: its device, inode, size, and times in ns; of one that has names in several
releases the last is 0, since it changes with each name that goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a folder holds."""

    files: Mapping[str, Stamp]
    """Listed files with the listed checksums, by path under the folder; the list itself last."""
    folders: Collection[str] = ()
    """Those that the list names, by path, also where all of their files are gone."""
    strange: Sequence[str]
    """Everything else, and what is missing; a line each. Empty for an unchanged release."""

    @property
    def in_short(self) -> str:
        """The first few strange things in a line."""
        more = len(self.strange) - _NAMED
        return "; ".join(self.strange[:_NAMED]) + f"; and {more} more" * (more > 0)


def seal_of(root: Path) -> str:
    """SHA-256 of a folder's list of checksums, and so of all its files; empty where it has none."""
    return hashlib.sha256(text).hexdigest() if (text := _list_of(root)) else ""


def is_there(root: Path, seal: str) -> bool:
    """Whether the folder that was written under a seal still stands there; "" is any release."""
    found = seal_of(root)
    return bool(found) and seal in ("", found)


def is_whole(root: Path) -> bool:
    """Whether a folder has all files that it lists; none of them is read."""
    sums = listed(root)
    return bool(sums) and all((root / name).is_file() for name in sums)


def prove(root: Path, *, tell: Callable[[str], None], whole: bool = True, seal: str = "") -> Proof:
    """Look at every entry of a folder and read every listed file; follows no link.

    Args:
        root: The folder.
        tell: Gets a line before much is read.
        whole: False for a folder of which a part was deleted: what is missing is nothing strange.
        seal: What the store says of its list; without it, its metadata must tell of the files.
    """
    if root.is_symlink():
        return Proof(files={}, strange=["it is a link"])
    if seal and seal_of(root) != seal:
        return Proof(files={}, strange=[f"{SUMS} is not as it was written"])
    sums = listed(root)
    seen, strange = _look(root, sums)
    strange += [f"{_shown(name)} is missing" for name in sums if whole and name not in seen]
    if whole and not (strange or seal):
        strange += _foreign_metadata(root, sums)
    if whole and strange:
        return Proof(files={}, strange=strange)
    n_bytes = sum(seen.values())
    if n_bytes >= LARGE_BYTES:
        tell(f"checking the {n_bytes / 1e9:.1f} GB of {root} against its {SUMS}")
    with ThreadPoolExecutor() as pool:
        stamps = dict(zip(seen, pool.map(partial(_stamp_if, root, sums), seen), strict=True))
    strange += [f"{_shown(name)} was changed" for name, stamp in stamps.items() if stamp is None]
    files = {name: stamp for name, stamp in stamps.items() if stamp}
    with contextlib.suppress(OSError):
        files[SUMS] = _stamp((root / SUMS).lstat())
    return Proof(files=files, folders=_folders(sums), strange=strange)


def delete(root: Path, proof: Proof) -> list[str]:
    """Delete the proven files of a folder and what is empty then; returns what is left in it.

    A file that was changed since, or came since, stays; so does every folder it is in.
    """
    for name in (n for n in proof.files if n != SUMS):
        _unlink(root, name, proof)
    for folder in sorted(proof.folders, key=len, reverse=True):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()
    # Last, as it proves the rest: whatever ends this early, another can go on.
    if SUMS in proof.files:
        _unlink(root, SUMS, proof)
    with contextlib.suppress(OSError):
        root.rmdir()
        return []
    if root.is_symlink() or not root.is_dir():
        return [root.name]
    return sorted(
        _shown(name) for name, _ in _entries(root, proof.folders) if name not in proof.folders
    )


def _unlink(root: Path, name: str, proof: Proof) -> None:
    path = root / name
    with contextlib.suppress(OSError):
        now, then = _stamp(path.lstat()), proof.files[name]
        if now[:-1] == then[:-1] and (now[-1] == then[-1] or not then[-1]):
            path.unlink()


def _list_of(root: Path) -> bytes:
    try:
        return read_regular(root / SUMS)
    except FaultError:
        return b""


def listed(root: Path) -> dict[str, str]:
    """The checksums of a folder's files by path; none where its list is missing or damaged."""
    sums, bad = read_sums(_list_of(root))
    return {} if bad else sums


def _look(root: Path, sums: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """The listed files that are there with their bytes, and what else is there."""
    folders, seen, strange = _folders(sums), {}, []
    for name, entry in _entries(root, folders):
        shown = _shown(name)
        if entry.is_symlink():
            strange.append(f"{shown} is a link")
        elif entry.is_dir(follow_symlinks=False):
            if name not in folders:
                strange.append(f"{shown}/ is not in {SUMS}")
        elif not entry.is_file(follow_symlinks=False):
            strange.append(f"{shown} is no regular file")
        elif name in sums:
            seen[name] = entry.stat(follow_symlinks=False).st_size
        elif name != SUMS:
            strange.append(f"{shown} is not in {SUMS}")
    return seen, sorted(strange)


def _entries(root: Path, folders: Collection[str]) -> "Iterator[tuple[str, os.DirEntry[str]]]":
    """Every entry by its path, of the folder and of those folders under it."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(root / inside) as entries:
            for entry in entries:
                name = f"{inside}/{entry.name}" if inside else entry.name
                if name in folders and entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                yield name, entry


def _shown(name: str) -> str:
    """A path that may hold anything, fit for a terminal."""
    return name if name.isprintable() else ascii(name)


def _folders(names: Mapping[str, object]) -> set[str]:
    return {str(parent) for name in names for parent in PurePosixPath(name).parents} - {".", "/"}


def _foreign_metadata(root: Path, sums: Mapping[str, str]) -> list[str]:
    """Whether the metadata is what we write about just these files; a line where it is not."""
    shards = {name: digest for name, digest in sums.items() if name.endswith(_SHARDS)}
    try:
        stated = stated_files(read_regular(root / CROISSANT))
    except (FaultError, ValueError, RecursionError) as error:
        return [f"{CROISSANT} is none of ours ({error})"]
    if shards and shards == {name: digest for name, (digest, _) in stated.items()}:
        return []
    return [f"{CROISSANT} does not tell of these files"]


def _stamp_if(root: Path, sums: Mapping[str, str], name: str) -> Stamp | None:
    """A file's stamp, if it has the listed checksum."""
    try:
        handle = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None
        matches = hashlib.file_digest(file, "sha256").hexdigest() == sums[name]
        return _stamp(status) if matches else None


def _stamp(status: os.stat_result) -> Stamp:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns if status.st_nlink == 1 else 0,
    )
