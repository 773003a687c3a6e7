"""What Ctrl-C means: one line that is true of the command, and the shell's exit code for it."""

import os
import signal
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


def exit_at_once() -> None:
    """Let another Ctrl-C end the process without a word: threads may still be at work."""
    signal.signal(signal.SIGINT, _exit)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    # Every commit is whole, and the system lets go of locks.
    os._exit(INTERRUPTED)
