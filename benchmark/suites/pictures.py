"""The pictures of a suite: found, looked at, and named by what is wrong with them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.cases import Picture, PictureFile, cluster_of
from models.faults import FaultError
from models.images import read_header
from resources.reading import MAX_IMAGE_BYTES, read_regular


@dataclass(slots=True, kw_only=True)
class Pictures:
    """Finds the pictures of a suite, and gathers what is wrong with any of them."""

    cache: Path
    """Where pictures that came in cells of a table are written, each once."""
    allow_missing: bool = False
    """Whether a picture may be missing or broken: recorded answers are scored without any."""
    problems: list[str] = field(default_factory=list)
    _known: dict[Path, str] = field(default_factory=dict)

    def of(self, cell: object, folder: Path, where: str) -> tuple[Picture, str]:
        """The picture that a cell names or holds, and its cluster.

        A name is a path that stays in the folder, also by links. A cell holds the bytes
        themselves, or, as Hugging Face writes them, a `bytes` beside a `path`.
        """
        if isinstance(cell, Mapping):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, bytes):
            return self._held(cell, where)
        if not isinstance(cell, str) or not cell.strip():
            return self._lost(Path(where), where, "names no picture")
        path = folder / cell
        if not _is_inside(path, folder):
            return self._lost(path, where, f"{cell!r} leads out of {folder}")
        return self._filed(path, where)

    def _filed(self, path: Path, where: str) -> tuple[Picture, str]:
        if path not in self._known:
            try:
                data = read_regular(path, max_bytes=MAX_IMAGE_BYTES)
                read_header(data)
            except FaultError as error:
                return self._lost(path, where, error.fault.detail)
            self._known[path] = cluster_of(data)
        return PictureFile(path), self._known[path]

    def _held(self, data: bytes, where: str) -> tuple[Picture, str]:
        cluster = cluster_of(data)
        try:
            suffix = read_header(data).format.lower()
        except FaultError as error:
            return self._lost(Path(where), where, error.fault.detail)
        path = self.cache / "pictures" / f"{cluster}.{suffix}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{path.name}.{os.getpid()}")
            aside.write_bytes(data)
            aside.replace(path)
        return PictureFile(path), cluster

    def _lost(self, path: Path, where: str, why: str) -> tuple[Picture, str]:
        if not self.allow_missing:
            self.problems.append(f"{where}: {why}")
        return PictureFile(path), cluster_of(str(path).encode("utf-8", "surrogateescape"))


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        return False
