"""Telling an endpoint that is down from a request that fails."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from resources.chat.settings import ChatError, ChatSettings

OUTAGE_REQUESTS = 8
"""So many different requests that fail, with no success between, are the endpoint's doing."""
REFUSALS = 8
"""So many requests refused as malformed, with none ever accepted, are the settings' doing."""


class Patience:
    """Counts what succeeds and what fails.

    A request that fails while others succeed is given up after its tries and becomes a reject.
    While everything fails nothing is given up: requests wait until the endpoint is back, or until
    the run ends, so an outage of an hour makes no rejects out of a million rows.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._failing: set[str] = set()
        self._failing_since = 0.0
        self._first_failed = datetime.now(UTC)
        self._answered = False
        self._refused = 0
        self._asking = 0
        self._idle_since = time.monotonic()

    @property
    def is_outage(self) -> bool:
        """Whether it is the endpoint that fails, and not single requests."""
        return len(self._failing) >= OUTAGE_REQUESTS

    async def refuses_all(self) -> bool:
        """Whether nothing was ever answered, once what is under way has shown what it meets."""
        while self._asking and not self._answered:
            await asyncio.sleep(0.02)
        return not self._answered

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a request is under way, its pauses included; only such time is waiting.

        An hour in which a run painted and asked nothing says nothing of the endpoint.
        """
        if not self._asking:
            self._failing_since += time.monotonic() - self._idle_since
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            self._idle_since = time.monotonic()

    def succeeded(self) -> None:
        """A request was answered."""
        self._answered = True
        self._failing.clear()

    def failed(self, key: str, why: str) -> None:
        """A request met an error that passes.

        Raises:
            ChatError: Nothing has succeeded for the whole of the patience.
        """
        if not self._failing:
            self._failing_since = time.monotonic()
            self._first_failed = datetime.now(UTC)
        self._failing.add(key)
        waited = time.monotonic() - self._failing_since
        if waited >= self._settings.patience_s:
            msg = (
                f"{self._settings.base_url} has not answered {self._settings.model} since "
                f"{self._first_failed:%Y-%m-%d %H:%M:%S} UTC ({why}); run again when it does: "
                "that goes on where this stopped"
            )
            raise ChatError(msg)

    def refused(self, why: str) -> None:
        """A request was refused for what it says.

        Raises:
            ChatError: So were all before it, so it is not the single request.
        """
        self._refused += 1
        if not self._answered and self._refused >= REFUSALS:
            raise self.refusal(why)

    def refusal(self, why: str) -> ChatError:
        """The error for an endpoint that has refused all that it was asked."""
        return ChatError(
            f"{self._settings.base_url} refuses every request to {self._settings.model}: {why}; "
            "see omit, extra and reply_format of the chat's section. Nothing is finished by it: "
            "run again when it is mended"
        )
