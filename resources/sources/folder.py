"""A folder of image files, with COCO annotations if there are any."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.faults import Fault, FaultError, ImgEditError, Reason
from models.images import read_header
from resources.sources.coco import Coco, CocoEntry, fit, read_coco
from resources.sources.item import SourceItem
from resources.sources.uris import file_uri, shard_prefix

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}
)


class FolderSource:
    """Every image file under a folder, by suffix, in the order of their paths.

    Hidden files and folders are passed over. A link to a folder is not followed; a link to a file
    is taken if the file lies in the folder.
    """

    def __init__(self, path: Path, *, coco: Path | None = None) -> None:
        self._root = path.expanduser().resolve()
        self._coco = coco
        self.name = shard_prefix("folder", self._root)
        if not self._root.is_dir():
            msg = f"{path} is not a folder; give one that holds images"
            raise ImgEditError(msg)

    def items(self) -> Iterator[SourceItem]:
        """The images, then what the annotations say of images that are not there.

        Raises:
            ImgEditError: The annotations cannot be read as COCO.
        """
        listed = list(walk_images(self._root))
        if self._coco is None:
            yield from (item for _, item in listed)
            return
        home = self._coco.expanduser().resolve()
        coco = read_coco(home)
        found = _matches(coco, [p for p, item in listed if item.fault is None], self._root)
        for path, item in listed:
            yield _annotated(item, path, found[path]) if path in found else item
        absent = set(coco.entries) - {entry.file_name for entry in found.values()}
        yield from _leftovers(home, sorted(absent), coco.orphans)


def walk_images(root: Path) -> Iterator[tuple[Path, SourceItem]]:
    """Every image file under a resolved folder with its item, depth first, names in byte order."""
    yield from _walk(root, root)


def is_image_name(path: Path) -> bool:
    """Whether a file's suffix is that of an image, in small or capital letters."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _walk(folder: Path, root: Path) -> Iterator[tuple[Path, SourceItem]]:
    try:
        paths = sorted(folder.iterdir(), key=os.fsencode)
    except OSError as error:
        yield folder, _faulty(folder, Reason.UNREADABLE, f"cannot be listed: {error.strerror}")
        return
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            yield from _link(path, root)
        elif path.is_dir():
            yield from _walk(path, root)
        elif is_image_name(path):
            yield path, _item(path)


def _link(path: Path, root: Path) -> Iterator[tuple[Path, SourceItem]]:
    """A link to a folder inside is passed over: the folder itself is walked."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        if is_image_name(path):
            yield path, _faulty(path, Reason.MISSING_FILE, f"broken link: {error}")
        return
    if not target.is_relative_to(root):
        if is_image_name(path) or target.is_dir():
            detail = f"links to {target}, outside {root}"
            yield path, _faulty(path, Reason.OUTSIDE_FOLDER, detail)
    elif is_image_name(path) and not target.is_dir():
        yield path, _item(path)


def _item(path: Path) -> SourceItem:
    if path.is_file():
        return SourceItem(uri=file_uri(path))
    return _faulty(path, Reason.UNREADABLE, "not a regular file")


def _faulty(path: Path, reason: Reason, detail: str) -> SourceItem:
    return SourceItem(uri=file_uri(path), fault=Fault(reason=reason, detail=detail))


def _matches(coco: Coco, paths: Sequence[Path], root: Path) -> dict[Path, CocoEntry]:
    """Pair images with entries by path under the folder, else by a file name that occurs once."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    by_path = {path.relative_to(root).as_posix(): path for path in paths}
    for path in paths:
        by_name[path.name].append(path)
    found: dict[Path, CocoEntry] = {}
    for name, entry in coco.entries.items():
        exact = by_path.get(posixpath.normpath(name))
        alike = [exact] if exact else by_name.get(posixpath.basename(name), [])
        if len(alike) == 1:
            found.setdefault(alike[0], entry)
    return found


def _annotated(item: SourceItem, path: Path, entry: CocoEntry) -> SourceItem:
    size = _size(path, entry)
    if size is None:
        return replace(item, annotation=entry.annotation(), issues=tuple(entry.issues))
    annotation, dropped = fit(entry.annotation(), *size)
    return replace(item, annotation=annotation, issues=(*entry.issues, *dropped))


def _size(path: Path, entry: CocoEntry) -> tuple[int, int] | None:
    """The size by the annotations, else by the file; None where the file is no image."""
    if entry.width and entry.height:
        return entry.width, entry.height
    try:
        header = read_header(path.read_bytes())
    except (OSError, FaultError):
        return None
    return header.width, header.height


def _leftovers(coco: Path, absent: Sequence[str], orphans: Sequence[Fault]) -> Iterator[SourceItem]:
    for name in absent:
        detail = f"{coco.name} annotates {name!r}, which is not among the folder's images"
        fault = Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
        yield SourceItem(uri=file_uri(coco, fragment=f"image={name}"), fault=fault)
    for number, fault in enumerate(orphans):
        yield SourceItem(uri=file_uri(coco, fragment=f"orphan={number}"), fault=fault)
