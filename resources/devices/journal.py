"""What happened to models while a partition was made: loaded, evicted, halved batches."""

import logging
import threading

_WATCHED = ("models", "resources.chat", "resources.checkpoints")
"""Loggers whose warnings belong to the run."""


class Journal(logging.Handler):
    """Lines for the run's log and the partition's metadata.

    It also hears the warnings of backends, which know nothing of runs.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []
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

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning."""
        self.tell(record.getMessage())

    def drain(self) -> tuple[str, ...]:
        """What was noted since the last time; equal lines once, with their number."""
        with self._guard:
            lines, self._lines = self._lines, []
        counts = {line: lines.count(line) for line in dict.fromkeys(lines)}
        return tuple(f"{line} ({n} times)" if n > 1 else line for line, n in counts.items())
