"""The files of a release: whatever stands in its folder, but for what is hidden."""

import os
from dataclasses import dataclass
from pathlib import Path

from models.faults import Fault, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What was found under a folder."""

    paths: tuple[Path, ...]
    """Files, links, and whatever else is no folder, by path."""
    faults: tuple[tuple[Path, Fault], ...]
    """Folders that cannot be listed."""


def sizes(root: Path) -> dict[tuple[int, int], int]:
    """The bytes of the files under a folder, each once, by device and inode."""
    paths = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    found = [path.lstat() for path in paths]
    return {(status.st_dev, status.st_ino): status.st_size for status in found}


def weigh(root: Path) -> tuple[int, int]:
    """The files under a folder, hidden ones too, and their bytes; no link is followed."""
    paths = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    return len(paths), sum(path.lstat().st_size for path in paths)


def files_under(root: Path) -> Tree:
    """Every file under a folder; links are not followed, and what is hidden is no part of it.

    Tools that fetch a release leave `.git`, `.gitattributes` and `.cache` in it.
    """
    paths: list[Path] = []
    faults: list[tuple[Path, Fault]] = []
    # No recursion: folders can nest deeper than the interpreter's stack.
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            faults.append((folder, Fault(reason=Reason.UNREADABLE, detail=str(error.strerror))))
            continue
        for entry in found:
            is_folder = entry.is_dir(follow_symlinks=False)
            (waiting if is_folder else paths).append(Path(entry.path))
    return Tree(paths=tuple(sorted(paths)), faults=tuple(sorted(faults, key=lambda f: f[0])))
