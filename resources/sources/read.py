"""The bytes of an item, whatever its source."""

from typing import TYPE_CHECKING

from models.annotation import Annotation
from models.faults import FaultError, Reason
from resources.reading import MAX_IMAGE_BYTES, read_regular
from resources.sources.item import SourceItem
from resources.sources.photos import package_file
from resources.sources.studio import read_scene, studio_annotation
from resources.sources.tars import read_member
from resources.sources.video import read_frame
from resources.uris import path_of, scheme_of

if TYPE_CHECKING:
    from resources.sources.fetch import Fetcher


def read(item: SourceItem, fetcher: "Fetcher") -> bytes:
    """The bytes as they are at the source; drawn and video frames come as lossless files.

    Raises:
        FaultError: The item's own fault, or MISSING_FILE, UNREADABLE, OUTSIDE_FOLDER, EMPTY_FILE,
            CHANGED_FILE, TRUNCATED, FETCH_FAILED or FETCH_REFUSED.
    """
    if item.fault is not None:
        raise FaultError(item.fault.reason, item.fault.detail)
    data = _read(item.uri, fetcher)
    if not data:
        raise FaultError(Reason.EMPTY_FILE, f"{item.uri} has 0 bytes")
    return data


def annotation_of(item: SourceItem) -> Annotation:
    """What the item's source says of it; a studio scene is asked only now, when it is drawn."""
    if scheme_of(item.uri) == "studio":
        return studio_annotation(item.uri)
    return item.annotation


def _read(uri: str, fetcher: "Fetcher") -> bytes:
    match scheme_of(uri):
        case "studio":
            return read_scene(uri)
        case "package":
            return read_regular(package_file(uri), max_bytes=MAX_IMAGE_BYTES)
        case "file":
            return read_regular(path_of(uri), max_bytes=MAX_IMAGE_BYTES)
        case "tar":
            return read_member(uri)
        case "video":
            return read_frame(uri)
        case "http" | "https":
            return fetcher.fetch(uri)
        case scheme:
            raise FaultError(Reason.FETCH_REFUSED, f"{uri}: nothing reads {scheme!r} URIs")
