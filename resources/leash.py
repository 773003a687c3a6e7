"""A server that ends with the process that started it; run as `python -m resources.leash MODULE`.

Its standard input is a pipe to that process. Nothing is ever written to it; the system closes it
however that process ends.
"""

import os
import runpy
import signal
import sys
import threading
import time

PATIENCE_S = 10.0
"""Dagster's code server waits for the runs that it has started; they go on without it."""


def _hold(pipe: int) -> None:
    """Wait for the end of the pipe, then end this process: asked first, made to in the end."""
    os.read(pipe, 1)
    # Sent to the process, it might come to another thread, and the main one would sleep on.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(PATIENCE_S)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run a module as `python -m` does."""
    pipe = os.dup(sys.stdin.fileno())
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    threading.Thread(target=_hold, args=[pipe], daemon=True).start()
    # Dagster takes SIGTERM as it takes SIGINT, and a job in the background hands on an ignored one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
