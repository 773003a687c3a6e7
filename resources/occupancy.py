"""One `imgedit up` for each home, and what a killed one left is ended by the next.

A lock, which the system lets go of however its holder ends, says whether another lives. A record
beside it says where that one listens and which processes it has started: by number and start time,
so that another process which has got the number since is never taken for it.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from models.faults import FaultError, ImgEditError
from resources.locks import taken
from resources.processes import Process, end
from resources.reading import parse_json, read_regular

RECORD, LOCK = "imgedit-up.json", "imgedit-up.lock"
PATIENCE_S = 5.0
"""Dagster's code server ends only when it is made to: it waits for clients that are gone."""
_MAX_BYTES = 1_000_000


class OccupiedError(ImgEditError):
    """The home is another's, or what a killed one left cannot be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What one `imgedit up` has written down."""

    pid: int = 0
    address: str = ""
    children: tuple[Process, ...] = ()


@contextmanager
def occupied(
    folder: Path, *, pid: int, address: str, tell: Callable[[str], None]
) -> Iterator[None]:
    """Keep others from the home for the block; first ends what a killed one left running.

    Args:
        folder: Dagster's folder of the home.
        pid: Who occupies it.
        address: Where it will listen.
        tell: Gets a line if something was left.

    Raises:
        OccupiedError: Another lives, or what a killed one left cannot be ended.
    """
    lock = taken(folder / LOCK)
    if lock is None:
        raise OccupiedError(_where(folder))
    try:
        _end_orphans(folder, tell)
        _write(folder, _Record(pid=pid, address=address))
        yield
    finally:
        if not any(child.is_alive for child in _read(folder).children):
            (folder / RECORD).unlink(missing_ok=True)
        lock.release()


def note_child(folder: Path, pid: int) -> None:
    """Write down a process that the occupant has just started."""
    if child := Process.of(pid):
        before = _read(folder)
        children = (*before.children, child)
        _write(folder, _Record(pid=before.pid, address=before.address, children=children))


def _where(folder: Path) -> str:
    found = _read(folder)
    return (
        f"`imgedit up` runs already on {folder.parent}: pid {found.pid}, {found.address}; open "
        f"that, or end it with `kill {found.pid}`"
    )


def _end_orphans(folder: Path, tell: Callable[[str], None]) -> None:
    found = _read(folder)
    left = [child for child in found.children if child.is_alive]
    if left:
        pids = ", ".join(str(child.pid) for child in left)
        tell(f"ending the servers that a killed `imgedit up` (pid {found.pid}) has left: {pids}")
    try:
        lasting = [child.pid for child in end(left, PATIENCE_S)]
    except PermissionError:
        lasting = [child.pid for child in left]
    if lasting:
        pids = " ".join(map(str, lasting))
        msg = (
            f"servers of an `imgedit up` that was killed still run: end them with `kill -9 {pids}`"
        )
        raise OccupiedError(msg)


def _read(folder: Path) -> _Record:
    """What was written down last; nothing where that is no record."""
    with contextlib.suppress(FaultError, ValueError, KeyError, TypeError):
        said = parse_json(read_regular(folder / RECORD, max_bytes=_MAX_BYTES))
        children = [Process(pid=int(c["pid"]), started=str(c["started"])) for c in said["children"]]
        return _Record(pid=int(said["pid"]), address=str(said["address"]), children=tuple(children))
    return _Record()


def _write(folder: Path, record: _Record) -> None:
    """Write it down so that a process that is killed meanwhile leaves the old one."""
    fresh = folder / f".{RECORD}.new"
    fresh.write_text(json.dumps(asdict(record)), "utf-8")
    fresh.replace(folder / RECORD)
