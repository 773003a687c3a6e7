"""Reading what others wrote: regular files only, sizes bounded first, nesting bounded too.

Opening a FIFO waits for ever, a device has no end, and a file of a few kilobytes can nest deeper
than a parser's stack. Whatever comes from outside the project is read through here.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from models.faults import FaultError, Reason

MAX_TEXT_BYTES = 256 * 2**20
"""The largest text file (annotations, manifests, listings) that is read whole."""

MAX_IMAGE_BYTES = 512 * 2**20
"""A larger image is left unread: it would not fit beside its pixels in the memory of a worker."""
DEEPEST = 64
"""Levels that a TOML document may nest; what walks through one may then call itself."""
# Dotted keys nest without a bracket, and tomllib's time for one is quadratic in its parts: 14 s for
# 64 kB of them.
_DEEP_KEY = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST}}}"""
)


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading; links are followed to one.

    Raises:
        FaultError: MISSING_FILE, or UNREADABLE for a FIFO, a device, a folder, a socket, a path
            that no file can have, and whatever the system refuses.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise FaultError(Reason.MISSING_FILE, f"{path} is not there") from error
    except OSError as error:
        raise FaultError(Reason.UNREADABLE, f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise FaultError(Reason.UNREADABLE, f"{str(path)!r}: {error}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FaultError(Reason.UNREADABLE, f"{path} is not a regular file")
    return os.fdopen(handle, "rb")


def read_regular(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """The bytes of a regular file of bounded size.

    Raises:
        FaultError: As `open_regular`; UNREADABLE for a file of more bytes, too.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            detail = f"{path} has {size} bytes, more than the {max_bytes} allowed"
            raise FaultError(Reason.UNREADABLE, detail)
        try:
            # A file that grows meanwhile is not read past the limit.
            return file.read(max_bytes) or b""  # None where the system would have to wait.
        except OSError as error:
            raise FaultError(Reason.UNREADABLE, f"{path}: {error.strerror}") from error


def descriptor_path(file: BinaryIO) -> str:
    """A path to just this open file, for a library that opens by name.

    No other file can take its place meanwhile, and nothing in its name reads as a pattern or an
    address.
    """
    return f"/dev/fd/{file.fileno()}"


def parse_json(
    text: str | bytes, *, pairs: Callable[[list[tuple[str, Any]]], object] | None = None
) -> Any:  # noqa: ANN401 - whatever the text says
    """A JSON value.

    Args:
        text: The text.
        pairs: Makes an object of its pairs, of which a key may come twice; else the last counts.

    Raises:
        ValueError: It is no JSON, no UTF-8, or nests too deep.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        msg = "it nests too deep"
        raise ValueError(msg) from None


def parse_toml(text: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        ValueError: It is no TOML, or nests too deep.
    """
    msg = f"it nests too deep, in more than {DEEPEST} levels"
    if _DEEP_KEY.search(text):
        raise ValueError(msg)
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ValueError(msg) from None
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
    if level:
        raise ValueError(msg)
    return document


def _inner(value: object) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]
