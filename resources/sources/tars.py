"""Images in tars, `key.jpg` with `key.txt` and `key.json`, as img2dataset writes them."""

import os
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes, urlsplit

from models.faults import FaultError, Reason
from models.images import READ_SUFFIXES
from resources.reading import MAX_IMAGE_BYTES, open_regular
from resources.sources.beside import MAX_SIDE_BYTES, SIDES, parse_beside, with_beside
from resources.sources.item import SourceItem
from resources.sources.tar_members import tar_members
from resources.uris import file_uri, path_of


def tar_items(path: Path) -> Iterator[SourceItem]:
    """The samples of a tar that hold one image each, in its order; a broken tar ends in a fault.

    The sample just before the break goes with it: only the next name tells that it is whole.
    Samples of several images, as of pairs, are none of its business.
    """
    try:
        with open_regular(path) as file:
            for _, sample in groupby(tar_members(path), key=lambda member: _key(member.name)):
                members = list(sample)
                images = [m for m in members if _suffix(m.name) in READ_SUFFIXES]
                if len(images) == 1:
                    sides = {
                        _suffix(m.name): os.pread(file.fileno(), m.size, m.offset_data)
                        for m in members
                        if _suffix(m.name) in SIDES and m.size <= MAX_SIDE_BYTES
                    }
                    yield with_beside(_item(path, images[0]), parse_beside(images[0].name, sides))
    except FaultError as error:
        yield SourceItem(uri=file_uri(path, scheme="tar"), fault=error.fault)


def read_member(uri: str) -> bytes:
    """The bytes of the image that a `tar://` address of `tar_items` names.

    Raises:
        FaultError: As `open_regular`; CHANGED_FILE where another member begins there by now.
    """
    fragment = unquote_to_bytes(urlsplit(uri).fragment).decode("utf-8", "surrogateescape")
    name, _, place = fragment.rpartition("@")
    offset, size = map(int, place.split("+"))
    if size > MAX_IMAGE_BYTES:
        raise FaultError(Reason.DECOMPRESSION_BOMB, f"{name} has {size:,} bytes")
    path = path_of(uri)
    with open_regular(path) as file:
        head = os.pread(file.fileno(), tarfile.BLOCKSIZE, offset - tarfile.BLOCKSIZE)
        try:
            same = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape").size == size
        except tarfile.HeaderError:
            same = False
        data = os.pread(file.fileno(), size, offset)
    if not same or len(data) < size:
        detail = f"{path} holds no {name} at byte {offset} any more; register it again"
        raise FaultError(Reason.CHANGED_FILE, detail)
    return data


def _item(path: Path, member: tarfile.TarInfo) -> SourceItem:
    place = f"{member.name}@{member.offset_data}+{member.size}"
    return SourceItem(uri=file_uri(path, scheme="tar", fragment=place))


def _key(name: str) -> str:
    """`a/b` of `a/b.json`: a sample's name ends at the first point of its last part."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.partition('.')[0]}"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
