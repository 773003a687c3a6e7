"""Signals mean in a run what they meant before it, and none that ends a process is lost."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
_MOST = 1 << 16


def wake_on_interrupt() -> None:
    """Have Ctrl-C end a wait for another thread at once.

    Polars puts a handler in place when it is imported, here at the latest, after which the system
    goes on with what was interrupted: a command would hear of it when the wait is over.
    """
    import polars  # noqa: F401

    signal.siginterrupt(signal.SIGINT, True)


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


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """End a block in which SIGINT or SIGTERM was handled, in whatever way, as Ctrl-C does.

    Dagster reports one that ends a step as a failure of the run, and would go on with the next; one
    that comes while it writes down how a run ended is forgotten. It handles SIGINT while it runs
    also where that is ignored otherwise, as in the background of a script.

    Raises:
        KeyboardInterrupt: At the end of the block, unless that raised something itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    # Python writes the number of each signal there before it asks who handles it.
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
        with suppress(BlockingIOError):  # nothing came
            if _ENDING & set(os.read(reader, _MOST)):
                raise KeyboardInterrupt
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)
