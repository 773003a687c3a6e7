"""The chunks of a PNG file, and the file with only some of them."""

import zlib
from collections.abc import Callable, Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MAX_TEXT_BYTES = 64_000
"""Text that is longer is no orientation. Pillow refuses a picture whose text inflates to 1 MiB."""

_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_ORIENTING = frozenset({b"Raw profile type exif", b"XML:com.adobe.xmp"})
"""Keywords of the texts in which an orientation may stand."""


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk's type, where it starts, and where the next one does; ends with IEND."""
    start = len(SIGNATURE)
    while start + 12 <= len(data):
        kind = data[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        yield kind, start, end
        if kind == b"IEND":
            return
        start = end


def with_chunks(data: bytes, keep: Callable[[bytes, memoryview], bool]) -> bytes:
    """The file with the chunks that `keep` wants, by type and body; what follows IEND is cut off.

    Where nothing is left out, it is the very same object.
    """
    view = memoryview(data)
    kept = [(s, e) for kind, s, e in chunks(data) if keep(kind, view[s + 8 : e - 4])]
    if len(SIGNATURE) + sum(e - s for s, e in kept) == len(data):
        return data
    return b"".join([SIGNATURE, *(view[s:e] for s, e in kept)])


def without_texts(data: bytes) -> bytes:
    """The file without what is written in it, but for short texts that may turn the picture."""
    if not any(kind in _TEXT for kind, _, _ in chunks(data)):
        return data
    return with_chunks(
        data,
        lambda kind, body: (
            kind not in _TEXT or _may_orient(kind, body[: MAX_TEXT_BYTES + 1].tobytes())
        ),
    )


def _may_orient(kind: bytes, body: bytes) -> bool:
    keyword, _, rest = body.partition(b"\0")
    if keyword not in _ORIENTING or len(body) > MAX_TEXT_BYTES:
        return False
    if kind == b"zTXt":
        return _inflates_little(rest[1:])
    return kind == b"tEXt" or rest[:1] == b"\0"


def _inflates_little(packed: bytes) -> bool:
    """Whether compressed text is short as well once it is unpacked."""
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return False
    return inflater.eof
