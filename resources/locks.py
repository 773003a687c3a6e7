"""Locks between processes of this machine: waited for with a word, and not for ever.

The system lets go of such a lock however its holder ends. A holder that is stopped or hangs keeps
it; whoever waits is told at once who that is, and gives up in the end.
"""

import contextlib
import errno
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from models.faults import ImgEditError

log = logging.getLogger(__name__)

TIMEOUT_VARIABLE = "IMGEDIT_LOCK_TIMEOUT_S"
TIMEOUT_S = 6 * 3600.0
"""A partition of many rows, or a release of many pictures, takes hours of honest work."""

STOPPED_TIMEOUT_S = 60.0
"""A holder that is stopped does no work, so it is not waited for as long."""

SAY_AFTER_S = 1.0

_HELD = re.compile(r"imgedit lock: pid (\d+) since (\S+)\n?")
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


class LockError(ImgEditError):
    """A lock cannot be had: it is held for too long, or the file system has none."""


@contextmanager
def held(path: Path, what: str, *, tell: Callable[[str], None] = log.warning) -> Iterator[None]:
    """Hold a lock for the block; waits for whoever holds it.

    Args:
        path: The lock's file; its folder must be there. It stays.
        what: What it guards, for the words.
        tell: Gets a line if there is a wait.

    Raises:
        LockError: It was held for too long, or the file system has no locks.
    """
    lock = _waited_for(path, what, tell)
    try:
        yield
    finally:
        lock.release()


def taken(path: Path) -> FileLock | None:
    """A lock, held until it is released; None where another holds it.

    Raises:
        LockError: The file system has no locks.
    """
    return _acquired(path, wait_s=0)


def holder_of(path: Path) -> str:
    """Who holds a lock, in words."""
    return _holder(path)[0]


def _holder(path: Path) -> tuple[str, bool]:
    """Who holds a lock, in words, and whether that process is stopped."""
    with contextlib.suppress(OSError):
        if found := _HELD.fullmatch(path.read_text("utf-8", "replace")):
            pid, since = found.groups()
            stopped = _is_stopped(int(pid))
            remedy = f" (stopped: `kill -CONT {pid}` lets it go on)" if stopped else ""
            return f"pid {pid}{remedy} since {since}", stopped
    return "another process", False


def _is_stopped(pid: int) -> bool:
    """Whether a process is there but halted, as by Ctrl-Z."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}
    return False


def patience_s() -> float:
    """How long a lock is waited for.

    Raises:
        LockError: The environment says what is no number of seconds.
    """
    said = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        seconds = float(said or TIMEOUT_S)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        msg = f"{TIMEOUT_VARIABLE} is {said!r}: give it a number of seconds, or unset it"
        raise LockError(msg)
    return seconds


def _waited_for(path: Path, what: str, tell: Callable[[str], None]) -> FileLock:
    limit_s, started, told = patience_s(), time.monotonic(), False
    while (lock := _acquired(path, wait_s=min(SAY_AFTER_S, limit_s))) is None:
        (holder, stopped), waited_s = _holder(path), time.monotonic() - started
        most_s = min(limit_s, STOPPED_TIMEOUT_S) if stopped else limit_s
        if waited_s >= most_s:
            msg = (
                f"{what}: held by {holder}, waited for {waited_s:.0f} s: let that process finish "
                f"or end it, then run again ({TIMEOUT_VARIABLE} sets how long to wait)"
            )
            raise LockError(msg)
        if not told:
            tell(f"waiting for {what}, held by {holder}; gives up after {most_s:.0f} s")
            told = True
    return lock


def _acquired(path: Path, *, wait_s: float) -> FileLock | None:
    # The fall-back would be a file that outlives a killed holder.
    lock = FileLock(path, timeout=wait_s, fallback_to_soft=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        msg = (
            f"{path.parent} is on a file system without locks ({error.strerror}), as network file "
            "systems may be: use a folder on a local disk (IMGEDIT_HOME sets the home)"
        )
        raise LockError(msg) from error
    _sign(path)
    return lock


def _sign(path: Path) -> None:
    """Write down who holds a lock, unless the file has come to hold something else."""
    # Without room for the line, the lock is held all the same.
    with contextlib.suppress(OSError), path.open("r+", encoding="utf-8", errors="replace") as file:
        before = file.read(200)
        if not before or _HELD.fullmatch(before):
            file.seek(0)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(f"imgedit lock: pid {os.getpid()} since {since}\n")
            file.truncate()
