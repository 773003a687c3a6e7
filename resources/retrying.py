"""Another try, for errors that pass: of which kind, and after how long."""

import email.utils
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_random_exponential

log = logging.getLogger(__name__)

OUTAGE_S = 120.0
"""An object store that does not answer for longer is gone."""

SAY_AFTER_S = 10.0
_said: dict[str, float] = {}
_saying = Lock()


class TransientError(Exception):
    """Worth another try, after `wait_s` seconds if the other side said so."""

    def __init__(self, text: str, *, wait_s: float = 0.0, overloaded: bool = False) -> None:
        super().__init__(text)
        self.wait_s = wait_s
        self.overloaded = overloaded


def through_outage(kind: type[Exception]) -> Retrying:
    """Tries for as long as an outage may last, wherever an error is of a kind; raises the last."""
    return Retrying(
        retry=retry_if_exception_type(kind),
        stop=stop_after_delay(OUTAGE_S),
        wait=wait_random_exponential(multiplier=0.1, max=5.0),
        reraise=True,
    )


@contextmanager
def said_if_slow(uri: str) -> Iterator[None]:
    """Say once in an outage that a block waits for a store, whose clients try again silently."""

    def say() -> None:
        with _saying:
            if time.monotonic() - _said.get(uri, -OUTAGE_S) < OUTAGE_S:
                return
            _said[uri] = time.monotonic()
        log.warning(
            "still waiting for %s after %.0f s; a store that does not answer is given up after "
            "some %.0f s",
            *(uri, SAY_AFTER_S, OUTAGE_S),
        )

    timer = Timer(SAY_AFTER_S, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def pause(*, most_s: float, most_asked_s: float) -> Callable[[RetryCallState], float]:
    """How long tenacity waits before the next try: by chance, and longer each time.

    Args:
        most_s: The most seconds that it waits by itself.
        most_asked_s: The most that it waits because the other side asks for it.
    """
    backoff = wait_random_exponential(multiplier=0.5, max=most_s)

    def wait_s(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_s if isinstance(error, TransientError) else 0.0
        return max(backoff(state), min(asked, most_asked_s))

    return wait_s


def retry_after_s(headers: Mapping[str, str]) -> float:
    """The seconds that an answer asks to wait; 0 where it does not say, or says nonsense."""
    for name, unit_s in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return seconds if 0 <= seconds < float("inf") else 0.0
    try:
        asked = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return 0.0
    return max(0.0, asked.timestamp() - time.time())
