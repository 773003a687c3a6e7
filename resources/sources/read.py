"""The bytes of an item, whatever its source."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from models.annotation import Annotation
from models.faults import FaultError, Reason
from resources.sources.item import SourceItem
from resources.sources.photos import package_file
from resources.sources.studio import read_scene, studio_annotation
from resources.sources.uris import path_of
from resources.sources.video import read_frame

if TYPE_CHECKING:
    from resources.sources.fetch import Fetcher

MAX_FILE_BYTES = 512 * 2**20
"""A larger file is left unread: it would not fit beside its pixels in the memory of a worker."""


def read(item: SourceItem, fetcher: "Fetcher") -> bytes:
    """The bytes as they are at the source; drawn and video frames come as lossless files.

    Raises:
        FaultError: The item's own fault, or MISSING_FILE, UNREADABLE, OUTSIDE_FOLDER, EMPTY_FILE,
            TRUNCATED, FETCH_FAILED or FETCH_REFUSED.
    """
    if item.fault is not None:
        raise FaultError(item.fault.reason, item.fault.detail)
    data = _read(item.uri, fetcher)
    if not data:
        raise FaultError(Reason.EMPTY_FILE, f"{item.uri} has 0 bytes")
    return data


def annotation_of(item: SourceItem) -> Annotation:
    """What the item's source says of it; a studio scene is asked only now, when it is drawn."""
    if urlsplit(item.uri).scheme == "studio":
        return studio_annotation(item.uri)
    return item.annotation


def _read(uri: str, fetcher: "Fetcher") -> bytes:
    match urlsplit(uri).scheme:
        case "studio":
            return read_scene(uri)
        case "package":
            return _read_file(package_file(uri))
        case "file":
            return _read_file(path_of(uri))
        case "video":
            return read_frame(uri)
        case "http" | "https":
            return fetcher.fetch(uri)
        case scheme:
            raise FaultError(Reason.FETCH_REFUSED, f"{uri}: nothing reads {scheme!r} URIs")


def _read_file(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists():
            raise FaultError(Reason.UNREADABLE, f"{path} is not a regular file")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            detail = f"{path} has {size} bytes, more than the {MAX_FILE_BYTES} allowed"
            raise FaultError(Reason.UNREADABLE, detail)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FaultError(Reason.MISSING_FILE, f"{path} is not there") from error
    except (OSError, ValueError) as error:
        raise FaultError(Reason.UNREADABLE, f"{path}: {error}") from error
