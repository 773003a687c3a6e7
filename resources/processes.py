"""Which process a number means: a pid is given out again, a pid with its start time is not."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05
_PROC = Path("/proc")
_DEAD, _STOPPED = "ZX", "Tt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of this machine, also after its number has gone to another."""

    pid: int
    started: str
    """When it started, as the system says it; comparable, not readable."""

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process that has a number now; None where none has, or only a dead one."""
        state, started = _state_and_start(pid)
        return cls(pid=pid, started=started) if started and state not in _DEAD else None

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, or is stopped."""
        return Process.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send it a signal if it is alive; another process is never hit.

        Raises:
            PermissionError: It belongs to somebody else.
        """
        with contextlib.suppress(ProcessLookupError):
            if self.is_alive:
                os.kill(self.pid, number)


def end(processes: Sequence[Process], patience_s: float) -> list[Process]:
    """Ask processes to end, then make them; returns those that have not.

    Raises:
        PermissionError: One belongs to somebody else.
    """
    left = list(processes)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in left:
            process.send(number)
        give_up_at = time.monotonic() + patience_s
        while (left := [p for p in left if p.is_alive]) and time.monotonic() < give_up_at:
            time.sleep(_POLL_S)
    return left


def is_stopped(pid: int) -> bool:
    """Whether a process is there but halted, as by Ctrl-Z."""
    return _state_and_start(pid)[0] in _STOPPED


def _state_and_start(pid: int) -> tuple[str, str]:
    """One letter and a start time of a process; a dead letter and "" where there is none."""
    if not (_PROC / "self" / "stat").exists():
        asked = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        return said[:1] or _DEAD[0], said.partition(" ")[2].strip()
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return _DEAD[0], ""
    boot = ""
    with contextlib.suppress(OSError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("utf-8").strip()
    # The name before the last parenthesis may hold anything; fields 3 and 22 stand behind it.
    fields = stat.rpartition(")")[2].split()
    return fields[0], f"{boot} {fields[19]}"
