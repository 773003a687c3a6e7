"""What happened to models while a partition was made: loaded, evicted, halved batches."""

import logging
import threading
from collections.abc import Callable

_WATCHED = ("models", "resources.chat", "resources.checkpoints", "resources.locks")
"""Loggers whose warnings belong to the run."""


class Journal(logging.Handler):
    """Lines for the run's log and the partition's metadata.

    It also hears the warnings of backends, which know nothing of runs.
    """

    on_warning: Callable[[str], None] | None = None
    """Gets what somebody who watches should know at once: a download, a wait. Each line once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []
        self._warned: set[str] = set()
        self._guard = threading.Lock()

    def listen(self) -> None:
        """Begin to hear warnings."""
        for name in _WATCHED:
            logging.getLogger(name).addHandler(self)

    def stop(self) -> None:
        """Hear no more."""
        for name in _WATCHED:
            logging.getLogger(name).removeHandler(self)

    def tell(self, line: str) -> None:
        """Note a line."""
        with self._guard:
            self._lines.append(line)

    def warn(self, line: str) -> None:
        """Note a line, and pass it on."""
        self.tell(line)
        with self._guard:
            is_new = line not in self._warned
            self._warned.add(line)
        if is_new and self.on_warning:
            self.on_warning(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning."""
        self.warn(record.getMessage())

    def drain(self) -> tuple[str, ...]:
        """What was noted since the last time; equal lines once, with their number."""
        with self._guard:
            lines, self._lines = self._lines, []
        counts = {line: lines.count(line) for line in dict.fromkeys(lines)}
        return tuple(f"{line} ({n} times)" if n > 1 else line for line, n in counts.items())
