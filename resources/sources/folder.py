"""A folder of image files, with COCO annotations if there are any."""

import os
import posixpath
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.faults import Fault, FaultError, ImgEditError, Reason
from models.images import READ_SUFFIXES, read_header
from resources.reading import MAX_IMAGE_BYTES, open_regular, read_regular
from resources.sources.coco import Coco, CocoEntry, fit, read_coco
from resources.sources.item import SourceItem
from resources.uris import file_uri, shard_prefix

_HEAD_BYTES = 65536
"""So many are looked at of a file whose name has no suffix."""
_NO_IMAGE = frozenset(
    {Reason.EMPTY_FILE, Reason.NOT_AN_IMAGE, Reason.UNREADABLE, Reason.MISSING_FILE}
)


class FolderSource:
    """Every image file under a folder, by suffix, in the order of their paths.

    Of a file without a suffix the first bytes decide; what is no image is counted. Hidden files
    and folders are passed over. A link to a folder is not followed; a link to a file is taken if
    the file lies in the folder.
    """

    def __init__(self, path: Path, *, coco: Path | None = None) -> None:
        self._root = path.expanduser().resolve()
        self._coco = coco
        self.name = shard_prefix("folder", self._root)
        self.left_out: Counter[str] = Counter()
        """Files that are no images, by suffix; known once the items are listed."""
        if not self._root.is_dir():
            msg = f"{path} is not a folder; give one that holds images"
            raise ImgEditError(msg)

    def items(self) -> Iterator[SourceItem]:
        """The images, then what the annotations say of images that are not there.

        Raises:
            ImgEditError: The annotations cannot be read as COCO.
        """
        self.left_out.clear()
        listed = list(walk_images(self._root, self.left_out))
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


def walk_images(root: Path, left_out: Counter[str]) -> Iterator[tuple[Path, SourceItem]]:
    """Every image file under a resolved folder with its item, depth first, names in byte order.

    Args:
        root: The folder.
        left_out: Files that are no images are added to it, by suffix in small letters.
    """
    # A stack and no recursion: folders may be nested deeper than calls.
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            mode = path.lstat().st_mode
            inside = sorted(path.iterdir(), key=os.fsencode) if stat.S_ISDIR(mode) else []
        except OSError as error:
            detail = f"cannot be looked at: {error.strerror}"
            yield path, _faulty(path, Reason.UNREADABLE, detail)
            continue
        waiting += [p for p in reversed(inside) if not p.name.startswith(".")]
        if stat.S_ISLNK(mode):
            yield from _link(path, root, left_out)
        elif not stat.S_ISDIR(mode) and _is_image(path, left_out):
            yield path, _item(path)


def is_image_name(path: Path) -> bool:
    """Whether a file's suffix is that of an image, in small or capital letters."""
    return path.suffix.lower() in READ_SUFFIXES


def _is_image(path: Path, left_out: Counter[str]) -> bool:
    if is_image_name(path) or (not path.suffix and _starts_like_an_image(path)):
        return True
    left_out[path.suffix.lower()] += 1
    return False


def _starts_like_an_image(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            read_header(file.read(_HEAD_BYTES))
    except FaultError as error:
        # Whose header is longer than what was read is an image all the same.
        return error.fault.reason not in _NO_IMAGE
    except OSError:
        return False
    return True


def _link(path: Path, root: Path, left_out: Counter[str]) -> Iterator[tuple[Path, SourceItem]]:
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
    elif not target.is_dir() and _is_image(path, left_out):
        yield path, _item(path)


def _item(path: Path) -> SourceItem:
    if os.path.isfile(path):  # noqa: PTH113 - `Path.is_file` raises where it may not look
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
        header = read_header(read_regular(path, max_bytes=MAX_IMAGE_BYTES))
    except FaultError:
        return None
    return header.width, header.height


def _leftovers(coco: Path, absent: Sequence[str], orphans: Sequence[Fault]) -> Iterator[SourceItem]:
    for name in absent:
        detail = f"{coco.name} annotates {name!r}, which is not among the folder's images"
        fault = Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
        yield SourceItem(uri=file_uri(coco, fragment=f"image={name}"), fault=fault)
    for number, fault in enumerate(orphans):
        yield SourceItem(uri=file_uri(coco, fragment=f"orphan={number}"), fault=fault)
