"""What a step writes into Dagster's log while it works."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resources.factory import Factory, Progress

TOLD_EVERY_S = 5.0

APART_S = 0.001
"""The UI knows an event by its time in milliseconds, and shows one of those that share it."""


@contextmanager
def told(factory: "Factory", log: logging.Logger) -> Iterator[None]:
    """Log how far a step is every few seconds; whoever listened before still hears of it all."""
    lines, listen = ProgressLines(log), factory.on_progress

    def hear(progress: "Progress") -> None:
        listen(progress)
        lines.hear(progress)

    factory.on_progress = hear
    try:
        yield
    finally:
        factory.on_progress = listen


class ProgressLines:
    """Logs the units done of a partition, their rate, and the time that is left."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._told = time.monotonic()
        self._since: dict[str, float] = {}
        self._done: dict[str, int] = {}

    def hear(self, progress: "Progress") -> None:
        """One report: a partition begins, or some of its units are done."""
        if progress.said:
            return
        now, where = time.monotonic(), progress.partition
        if not progress.advanced:
            self._done[where], self._since[where] = 0, now
        self._done[where] = done = self._done[where] + progress.advanced
        if now - self._told < TOLD_EVERY_S or not progress.total:
            return
        self._told = now
        line = f"{progress.asset} {progress.partition}: {done:,} of {progress.total:,} units"
        if done:
            rate = done / (now - self._since[where])
            left = (progress.total - done) / rate
            line += f", {rate:.2g} per second, about {_in_words(left)} left"
        self._log.info(line)


def keep_apart(log: logging.Logger) -> None:
    """Give each line of a step's log a time of its own, so that the UI shows all its events."""
    last = 0.0

    def later(record: logging.LogRecord) -> bool:
        nonlocal last
        last = record.created = max(record.created, last + APART_S)
        return True

    log.addFilter(later)


def _in_words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )
