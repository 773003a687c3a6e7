"""Imports one edit type of somebody else's in a process of its own, and says what came of it.

`python -m models.edit_types.trial FD LIMIT_S file PATH` or `... entry NAME VALUE` writes one JSON
object to the open file FD, or Python's own account of a crash or of a time that ran out. It guards
against accidents, not against malice: the file is code, and runs with its owner's rights.
"""

import faulthandler
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import FrameType
from typing import NoReturn

from models.edit_types.registry import (
    ENTRY_POINT_GROUP,
    Candidate,
    declaration,
    import_fault,
    not_imported,
    of_entry,
    of_file,
)
from models.faults import ImgEditError

MEMORY_BYTES = 8 << 30
"""What an import may take of memory; torch and diffusers together take 2."""


def main(arguments: Sequence[str]) -> NoReturn:
    """Try one candidate, and end."""
    report, limit_s, kind, *place = arguments
    trial = _Trial(int(report), _named(kind, place))
    _bound(float(limit_s))
    faulthandler.enable(int(report))
    faulthandler.dump_traceback_later(float(limit_s), exit=True, file=int(report))
    trial.watch_exits()
    try:
        declaration(trial.candidate)
    except ImgEditError as error:
        # What is missing may be installed later, and the file be as it was.
        trial.end(str(error), lasts=not isinstance(error.__cause__, Exception | None))
    except BaseException as error:
        trial.end(import_fault(trial.candidate, error), lasts=True)
    trial.end("", lasts=True)


class _Trial:
    """One candidate, and where to say what came of it."""

    def __init__(self, report: int, candidate: Candidate) -> None:
        self.candidate = candidate
        self._report, self._exit, self._pid = report, os._exit, os.getpid()

    def end(self, fault: str, *, lasts: bool) -> NoReturn:
        """Say it and end, whatever threads and exit handlers the file has left."""
        if os.getpid() == self._pid:
            os.write(self._report, json.dumps({"fault": fault, "lasts": lasts}).encode())
        self._exit(0)

    def watch_exits(self) -> None:
        """Be told of what would end, or double, the process of a run."""
        os._exit = self._watched(lambda code=0: f"it ends the process by os._exit({code})")
        os.abort = self._watched(lambda: "it ends the process by os.abort()")
        os.register_at_fork(before=self._watched(lambda: "it forks the process"))

    def _watched(self, told: Callable[..., str]) -> Callable[..., NoReturn]:
        def end(*arguments: object) -> NoReturn:
            line = _line(sys._getframe(1), str(self.candidate.file))
            said = told(*arguments) + (f", line {line}" if line else "")
            self.end(not_imported(self.candidate, said), lasts=True)

        return end


def _line(frame: FrameType | None, file: str) -> int | None:
    """The line of a file that a call came from."""
    while frame is not None and frame.f_code.co_filename != file:
        frame = frame.f_back
    return frame.f_lineno if frame else None


def _named(kind: str, place: Sequence[str]) -> Candidate:
    if kind == "file":
        return of_file(Path(place[0]))
    return of_entry(EntryPoint(name=place[0], value=place[1], group=ENTRY_POINT_GROUP))


def _bound(limit_s: float) -> None:
    """Keep the machine usable, also where something outlives this process."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    cpu_s = int(limit_s * (os.cpu_count() or 1)) + 10
    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_DATA: MEMORY_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in wanted.items():
        hard = resource.getrlimit(limit)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (soft, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
