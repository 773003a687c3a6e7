"""SIGTERM means what it meant before a library that puts a handler of its own in place."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Have SIGTERM handled after the block as before it.

    Dagster leaves it to whatever handles SIGINT, which is nothing in a command that a script starts
    with `&`: after its first run nobody could end such a process, or any that it starts. Ray ends
    the process where Dagster would end the run.
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        # None is of a handler that Python has not set, and cannot set again.
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGTERM, before)
