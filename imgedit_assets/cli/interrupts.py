"""What Ctrl-C means: one line that is true of the command, and the shell's exit code for it."""

import os
import signal
import warnings
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""The shell's exit code for a command ended by Ctrl-C."""

_RESUMED = "interrupted: finished work is kept; the same command resumes where it stopped"
_LINES = {
    **dict.fromkeys(("run", "backfill", "import", "quarantine", "zoo"), _RESUMED),
    "export": "interrupted: the folder holds what it held before, or the whole new release",
    "prune": "interrupted: `imgedit prune` again finishes what it began",
}


def line_for(command: str) -> str:
    """What the user is told when a command is interrupted."""
    return _LINES.get(command, "interrupted")


def say_no_more() -> None:
    """Let the process end without another word, at once with another Ctrl-C: threads may go on."""
    signal.signal(signal.SIGINT, _exit)
    # Loops in threads of libraries (LanceDB's) may end before what they were handed has begun.
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")
    # Python goes at its end by the filters that it saw with the last warning: it sees these now.
    warnings.warn("coroutine 'none' was never awaited", RuntimeWarning, stacklevel=1)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    # Every commit is whole, and the system lets go of locks.
    os._exit(INTERRUPTED)
