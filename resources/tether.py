"""A program of any kind that ends with the process that started it.

Run as `python -I tether.py COMMAND…`. The program has this process's standard input, whose other
end the starter holds: the system closes it however the starter ends. Once the program has ended, or
is to, all that it started and that is still in its group is killed.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

PATIENCE_S = 5.0
"""For a program to end by itself when its input does."""
CANNOT_START = 127
"""As a shell says it."""


def _hold(group: int) -> None:
    """Wait for the end of the input, without reading any of it; then kill a group."""
    watched = select.poll()
    watched.register(0, 0)
    watched.poll()
    time.sleep(PATIENCE_S)
    _kill(group)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def main() -> int:
    """Run a command in this process's place; its exit code, or 128 and the number of a signal."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        # Python programs otherwise keep their answers until they have 8 kB of them.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        child = subprocess.Popen(sys.argv[1:], env=environment, process_group=0)
    except OSError as error:
        print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return CANNOT_START
    try:
        threading.Thread(target=_hold, args=[child.pid], daemon=True).start()
        code = child.wait()
    finally:
        _kill(child.pid)
        # The kill is only asked for: whoever waits for this process may start the next program,
        # and two of them need twice the memory.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
