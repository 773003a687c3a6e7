"""Who may read what a run keeps: the home, and files that hold prompts and replies.

Rights are given once, where something is made. A folder that was there before keeps its own:
whoever shares a home does so with the rights of its folder.
"""

import os
import stat
from pathlib import Path


def make_home(folder: Path) -> None:
    """Make a home that nobody but its owner may enter; one that is there stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def keep_private(file: Path) -> None:
    """Make a file that its owner alone may read; of one that is there, take others' rights away.

    Raises:
        OSError: It cannot be made, or its rights cannot be changed.
    """
    try:
        # Never opened if it is there: closing it again would drop this process's locks on it.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        narrow(file)
    else:
        if _is_shared(file.parent):
            file.chmod(0o660)


def narrow(file: Path) -> None:
    """Take others' rights from a file, if it is there and ours.

    Raises:
        OSError: Its rights cannot be changed.
    """
    try:
        found = file.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    kept = mode & (0o660 if _is_shared(file.parent) else 0o600)
    if found.st_uid == os.geteuid() and kept != mode:
        file.chmod(kept)


def _is_shared(folder: Path) -> bool:
    """Whether a group works in it: what is made there belongs to the group, which may write."""
    both = stat.S_ISGID | stat.S_IWGRP
    return folder.stat().st_mode & both == both
