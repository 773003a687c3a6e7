"""URIs of local files and names of shards, for file names of any bytes."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

_NAME_CHARS = 24


def file_uri(path: Path, *, scheme: str = "file", fragment: str = "") -> str:
    """`file:///…` of an absolute path, percent-encoded byte by byte."""
    uri = f"{scheme}://{quote_from_bytes(os.fsencode(path), safe='/')}"
    # A fragment may quote a file's content, where any surrogate may stand.
    raw = fragment.encode("utf-8", "surrogatepass")
    return f"{uri}#{quote_from_bytes(raw, safe='=/')}" if fragment else uri


def scheme_of(uri: str) -> str:
    """What stands before the first colon, in small letters; any text at all may follow.

    `urlsplit` raises on addresses that are no better than this, such as `http://[::1,bad`.
    """
    scheme, colon, _ = uri.partition(":")
    return scheme.lower() if colon else ""


def path_of(uri: str) -> Path:
    """The local path of a `file://` or `video://` URI that `file_uri` made."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def shard_prefix(kind: str, path: Path) -> str:
    """`<kind>-<name>-<digest>` of a path: `[a-z0-9-]` only, one name for one place."""
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower())[:_NAME_CHARS].strip("-")
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:6]
    return "-".join(part for part in (kind, name, digest) if part)
