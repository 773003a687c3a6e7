"""A folder of image files and tars of them, with what lies beside them and COCO annotations."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from models.faults import Fault, FaultError, ImgEditError, Reason
from models.images import READ_SUFFIXES, read_header
from resources.reading import open_regular
from resources.sources.beside import read_beside, with_beside
from resources.sources.coco import read_coco
from resources.sources.item import SourceItem
from resources.sources.matching import annotated, demand_labels, leftovers, match
from resources.sources.tars import tar_items
from resources.uris import file_uri, shard_prefix

_TAR_SUFFIX = ".tar"
_HEAD_BYTES = 65536
"""So many are looked at of a file whose name has no suffix."""
_NO_IMAGE = frozenset(
    {Reason.EMPTY_FILE, Reason.NOT_AN_IMAGE, Reason.UNREADABLE, Reason.MISSING_FILE}
)


class FolderSource:
    """Every image file under a folder, by suffix, in the order of their paths.

    A `.txt` and a `.json` of the same stem give its caption, licence and attribution. The images in
    tars are listed in the tar's place.

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
        self.unlabelled = 0
        """Images of which the annotations say nothing; known once the items are listed."""
        if not self._root.is_dir():
            msg = f"{path} is not a folder; give one that holds images"
            raise ImgEditError(msg)

    def items(self) -> Iterator[SourceItem]:
        """The images, then what the annotations say of images that are not there.

        Raises:
            ImgEditError: The annotations cannot be read as COCO.
        """
        self.left_out.clear()
        self.unlabelled = 0
        listed = [
            (path, with_beside(item, read_beside(path)) if _is_plain(path, item) else item)
            for path, item in walk_images(self._root, self.left_out, tars=True)
        ]
        if self._coco is None:
            yield from (item for _, item in listed)
            return
        home = self._coco.expanduser().resolve()
        coco = read_coco(home)
        files = [path for path, item in listed if _is_plain(path, item)]
        matches = match(coco, files, self._root)
        demand_labels(home, coco, matches, files)
        labelled = sum(entry.is_labelled for entry in matches.found.values())
        self.unlabelled = len(files) - labelled
        for path, item in listed:
            entry = matches.found.get(path)
            yield annotated(item, entry) if entry else item
        yield from leftovers(home, matches, coco.orphans)


def _is_plain(path: Path, item: SourceItem) -> bool:
    return item.fault is None and path.suffix != _TAR_SUFFIX


def walk_images(
    root: Path, left_out: Counter[str], *, tars: bool = False
) -> Iterator[tuple[Path, SourceItem]]:
    """Every image file under a resolved folder with its item, depth first, names in byte order.

    Args:
        root: The folder.
        left_out: Files that are no images are added to it, by suffix in small letters.
        tars: Whether the images in tars are listed as well.
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
        elif tars and path.suffix == _TAR_SUFFIX and stat.S_ISREG(mode):
            yield from _tarred(path, left_out)
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


def _tarred(path: Path, left_out: Counter[str]) -> Iterator[tuple[Path, SourceItem]]:
    item = None
    for item in tar_items(path):
        yield path, item
    if item is None:
        left_out[_TAR_SUFFIX] += 1


def _item(path: Path) -> SourceItem:
    if os.path.isfile(path):  # noqa: PTH113 - `Path.is_file` raises where it may not look
        return SourceItem(uri=file_uri(path))
    return _faulty(path, Reason.UNREADABLE, "not a regular file")


def _faulty(path: Path, reason: Reason, detail: str) -> SourceItem:
    return SourceItem(uri=file_uri(path), fault=Fault(reason=reason, detail=detail))
