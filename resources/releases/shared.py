"""Files that releases have in common, kept once on disk under a name in each."""

import contextlib
import filecmp
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from resources.releases.ours import listed

LEAST_BYTES = 1_000_000
"""Smaller files are not worth tying two releases together."""


def link_equal(root: Path, sums: Mapping[str, str], others: Iterable[Path]) -> None:
    """Put hard links to files of other releases in place of those that hold the same bytes.

    Where a file system refuses links, the files stay as they were written.

    Args:
        root: A folder that was just written.
        sums: The SHA-256 of its files by path.
        others: Releases on the same disk; only what their files hold is believed.
    """
    known = {digest: other / name for other in others for name, digest in listed(other).items()}
    for name, digest in sums.items():
        # Once each: two names of one file in one folder could not be told apart when it is deleted.
        if (older := known.pop(digest, None)) and (root / name).stat().st_size >= LEAST_BYTES:
            with contextlib.suppress(OSError):
                _link(root / name, older)


def _link(path: Path, older: Path) -> None:
    if older.is_symlink() or not filecmp.cmp(path, older, shallow=False):
        return
    fresh = path.with_name(f".{path.name}.shared")
    os.link(older, fresh, follow_symlinks=False)
    fresh.replace(path)
