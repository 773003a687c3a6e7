"""How many requests are under way at once: fewer when the endpoint says that it is too many."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter


class AdaptiveLimiter:
    """Additive increase, multiplicative decrease, as TCP does; for one event loop.

    The limit begins at its most. A rate limit halves it, but once only for the requests that were
    under way together; a whole window of successes raises it by one. Turns come in order.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._slots = CapacityLimiter(most)
        self._successes = 0
        self._halved_at = 0.0
        self._paused_until = 0.0

    @property
    def limit(self) -> int:
        """The most requests under way at once, for now."""
        return int(self._slots.total_tokens)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for one's turn; gives the time at which the request starts, for `overloaded`."""
        request = object()
        await self._slots.acquire_on_behalf_of(request)
        try:
            while (pause := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield time.monotonic()
        finally:
            self._slots.release_on_behalf_of(request)

    def succeeded(self) -> None:
        """A request was answered."""
        self._successes += 1
        if self._successes >= self.limit:
            self._successes = 0
            self._slots.total_tokens = min(self._most, self.limit + 1)

    def overloaded(self, started: float, pause_s: float) -> None:
        """A request was turned away; nothing starts for `pause_s` seconds.

        Args:
            started: When the request started.
            pause_s: What the endpoint asked for, or 0.
        """
        now = time.monotonic()
        self._paused_until = max(self._paused_until, now + pause_s)
        if started >= self._halved_at:
            self._slots.total_tokens = max(1, self.limit // 2)
            self._successes = 0
            self._halved_at = now
