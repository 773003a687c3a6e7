"""Taking turns at a host: few requests at once, and a pause between their starts."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    places: threading.BoundedSemaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0


class HostTurns:
    """Shared by all threads that fetch."""

    def __init__(self, *, at_once: int, pause_s: float) -> None:
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = defaultdict(
            lambda: _Host(threading.BoundedSemaphore(at_once))
        )

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a place at the host and for its pause to pass."""
        with self._lock:
            host = self._hosts[name]
        with host.places:
            with host.lock:
                now = time.monotonic()
                start = max(now, host.next_start)
                host.next_start = start + self._pause_s
            time.sleep(start - now)
            yield
