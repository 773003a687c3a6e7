"""`latest`: a link beside the releases to the last one; a file with its name where no link can be.

Only what this module made is replaced or removed: a link, or a file, that names a folder beside it.
"""

import errno
import os
import re
import uuid
from pathlib import Path

from models.faults import FaultError, ImgEditError
from resources.reading import read_regular

LATEST = "latest"

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_BESIDE = re.compile(r"[^/\0\n]+-[0-9a-f]{12}")
_MAX_BYTES = 1024


def point_to(link: Path, folder: Path) -> None:
    """Make a link to a folder beside it, replacing an older one at once.

    Raises:
        ImgEditError: Something that is the user's stands there.
    """
    if os.path.lexists(link) and not _is_ours(link):
        msg = f"{link} was not made by imgedit and is left alone: move it, so that it can be"
        raise ImgEditError(msg)
    fresh = link.with_name(f".{link.name}.{uuid.uuid4().hex}")
    try:
        fresh.symlink_to(folder.name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        fresh.write_text(f"{folder.name}\n", "utf-8")
    try:
        fresh.replace(link)
    except OSError:
        fresh.unlink()
        raise


def point_nowhere(link: Path) -> None:
    """Remove the link, if it is ours."""
    if _is_ours(link):
        link.unlink()


def latest_of(shelf: Path) -> Path | None:
    """The folder that `latest` on a shelf leads to; None where there is none."""
    if not shelf.is_dir():
        return None
    named = {link: name for name, link in pointed_to(shelf).items()}
    return shelf / named[LATEST] if LATEST in named else None


def is_named_by_content(folder: Path) -> bool:
    """Whether a folder has a name that an artefact gets: its own, and 12 hex digits."""
    return _BESIDE.fullmatch(folder.name) is not None


def content_of(folder: Path) -> str:
    """What the name of an artefact's folder says of its content."""
    return folder.name.rpartition("-")[2]


def pointed_to(shelf: Path) -> dict[str, str]:
    """The folders on a shelf that links beside them lead to or into, each with the link's name."""
    root, found = os.path.realpath(shelf), dict[str, str]()
    for entry in sorted(shelf.iterdir()):
        if entry.is_symlink():
            target = Path(os.path.realpath(entry))
            if target.is_relative_to(root) and target != Path(root):
                found.setdefault(target.relative_to(root).parts[0], entry.name)
        elif entry.name == LATEST and _is_ours(entry):
            found.setdefault(entry.read_text("utf-8").strip(), entry.name)
    return found


def _is_ours(link: Path) -> bool:
    if link.is_symlink():
        return _BESIDE.fullmatch(str(link.readlink())) is not None
    try:
        said = read_regular(link, max_bytes=_MAX_BYTES).decode("utf-8", "replace")
    except FaultError:
        return False
    return _BESIDE.fullmatch(said.removesuffix("\n")) is not None
