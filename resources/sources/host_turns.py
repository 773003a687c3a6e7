"""Taking turns at a host: few requests at once, with pauses, and none where nothing answers."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.faults import FaultError, Reason


class NoAnswerError(FaultError):
    """A host that does not answer, or too slowly to be of use."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.FETCH_FAILED, detail)


@dataclass(slots=True)
class _Host:
    places: threading.BoundedSemaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0
    failures: int = 0
    """In a row."""
    shut_until: float = 0.0


class HostTurns:
    """Shared by all threads that fetch.

    Args:
        at_once: The most requests to one host at a time.
        pause_s: Between the starts of two requests to one host.
        give_up_after: So many failures in a row shut a host, and each further one again.
        shut_s: For how long.
    """

    def __init__(self, *, at_once: int, pause_s: float, give_up_after: int, shut_s: float) -> None:
        self._pause_s = pause_s
        self._give_up_after = give_up_after
        self._shut_s = shut_s
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = defaultdict(
            lambda: _Host(threading.BoundedSemaphore(at_once))
        )

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a place at the host and for its pause to pass.

        Raises:
            NoAnswerError: At once, where the host is shut.
        """
        host = self._host(name)
        self._check(name, host)
        with host.places:
            # Those before this one may have shut it.
            self._check(name, host)
            with host.lock:
                now = time.monotonic()
                start = max(now, host.next_start)
                host.next_start = start + self._pause_s
            time.sleep(start - now)
            yield

    def answered(self, name: str) -> None:
        """The host does its work."""
        self._host(name).failures = 0

    def failed(self, name: str) -> None:
        """The host did not answer, or was too slow or too busy."""
        host = self._host(name)
        with host.lock:
            host.failures += 1
            if host.failures >= self._give_up_after:
                host.shut_until = time.monotonic() + self._shut_s

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts[name]

    def _check(self, name: str, host: _Host) -> None:
        if time.monotonic() < host.shut_until:
            msg = f"{name} gave no answer {host.failures} times in a row; the next run asks again"
            raise NoAnswerError(msg)
