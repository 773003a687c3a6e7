"""What a release may be at the most before it is read: each limit once, with its reason.

Whoever writes a release decides what stands in it, so nothing is allocated on its word alone. What
is larger is a reject of the import, and a problem that `imgedit verify` lists; nothing else is
lost by it.
"""

from collections.abc import Mapping
from typing import Any

from models.faults import FaultError, Reason

MAX_TURNS = 64
"""Turns of a dialogue. The published ones have three; a dialogue is read and judged as a whole."""
MAX_MASKS = 64
"""Masks of a row. Each is decoded at the size of its image."""
MAX_MASK_PIXELS = 2**30
"""Masks of a row by the pixels of its image: four seconds of decoding."""
MAX_ITEMS = 10_000
"""Items of a list or an object."""
MAX_DEPTH = 8
"""Lists and objects in one another; ours go three deep."""
MAX_TEXT_CHARS = 1_000_000
"""One text. The longest of ours is a mask of noise, some hundred thousand characters."""
MAX_ROW_BYTES = 16 * 2**20
"""A row's nested columns, unpacked: 64 turns with their masks."""
MAX_JSON_BYTES = 4 * 2**20
"""The JSON of a sample in a tar: parsed, a text takes up to 30 times as much."""
MAX_IMAGE_BYTES = 256_000_000
"""An image's file: twice the largest uncompressed image that is decoded."""
MAX_MEMBERS = 32
"""Members of a sample in a tar; ours have six."""
MAX_NAME_CHARS = 1024
"""The name of a pair."""
MAX_FOOTER_BYTES = 16 * 2**20
"""The index at the end of a Parquet file; ours takes 10 kB for each 64 rows."""
UNPACKED_BYTES = 32 * 2**20
"""What a row group may unpack to beyond twice its stored size, and the most that is read at once.
Images hardly compress, and of texts a page of a megabyte or so is unpacked at a time."""
MAX_RATIO = 100
"""What the rows of a group may come to in all, beyond `UNPACKED_BYTES`, by their stored bytes: a
few kilobytes that stand for a large image in every row would be read for hours."""

IN_WORDS = (
    f"at most {MAX_TURNS} turns of a dialogue, {MAX_MASKS} masks and {MAX_MEMBERS} files of a "
    f"row, {MAX_TEXT_CHARS:,} characters of a text, {MAX_IMAGE_BYTES // 10**6} MB of an image "
    f"file, {UNPACKED_BYTES // 2**20} MiB that a row group unpacks to beyond twice its size"
)
"""What a user may run into."""

_INT64 = range(-(2**63), 2**63)


def check_values(values: Mapping[str, Any]) -> None:
    """Whether a row's values can be kept: of bounded size and depth, whole numbers of 64 bits.

    Raises:
        FaultError: BAD_ROW with the column and what is wrong with it.
    """
    waiting: list[tuple[str, int, Any]] = [(str(name), 0, value) for name, value in values.items()]
    while waiting:
        column, depth, value = waiting.pop()
        if fault := _wrong(depth, value):
            raise FaultError(Reason.BAD_ROW, f"{column[:60]} {fault}")
        inside = value.items() if isinstance(value, dict) else ()
        waiting += [(column, depth + 1, part) for pair in inside for part in pair]
        if isinstance(value, list):
            waiting += [(column, depth + 1, part) for part in value]


def turn_fault(turn: object, turns: object) -> str:
    """What is wrong with the numbers of a turn and of its dialogue's turns; empty where nothing."""
    for name, number in (("turn", turn), ("turns", turns)):
        # Of a dialogue whose length is not told, `turns` is 0.
        if isinstance(number, int) and not 0 <= number <= MAX_TURNS:
            return f"{name} is {number}, a dialogue has 1 to {MAX_TURNS}"
    return ""


def _wrong(depth: int, value: object) -> str:
    match value:
        case int() if value not in _INT64:
            return "has a whole number of more than 64 bits"
        case str() if len(value) > MAX_TEXT_CHARS:
            return f"has a text of {len(value):,} characters, more than {MAX_TEXT_CHARS:,}"
        case str() if not value.isascii() and not _is_unicode(value):
            return "has a text that is no Unicode"
        case list() | dict() if len(value) > MAX_ITEMS:
            return f"has {len(value):,} items, more than {MAX_ITEMS:,}"
        case list() | dict() if depth >= MAX_DEPTH:
            return f"nests more than {MAX_DEPTH} deep"
    return ""


def _is_unicode(text: str) -> bool:
    """Whether a text can be stored: JSON can name halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
