"""A limit on waiting that counts only the time in which this process could have read an answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BEATS = 8
"""The limit is counted in so many parts."""
STALL_S = 0.1
"""A part that ends so much too late is not counted: the process slept, or had no processor."""


@asynccontextmanager
async def awake_timeout(seconds: float) -> AsyncIterator[None]:
    """`asyncio.timeout`, which spares replies that came while nobody could read them.

    Who wakes up after a stall finds every timer overdue, and replies that are paid for in its
    sockets. They are read first: another part of the limit goes by before it ends the waiting.

    Args:
        seconds: The limit on the time awake.

    Raises:
        TimeoutError: It was reached.
    """
    loop = asyncio.get_running_loop()
    left = BEATS
    next_beat: asyncio.TimerHandle

    def beat() -> None:
        nonlocal left, next_beat
        left -= loop.time() - next_beat.when() < STALL_S
        if left:
            next_beat = loop.call_later(seconds / BEATS, beat)
        else:
            limit.reschedule(loop.time())

    next_beat = loop.call_later(seconds / BEATS, beat)
    try:
        async with asyncio.timeout(None) as limit:
            yield
    finally:
        next_beat.cancel()
