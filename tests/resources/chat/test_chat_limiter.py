"""The limiter alone: how it shrinks, grows, pauses and stays fair."""

import asyncio
import time

import pytest

from resources.chat.limiter import AdaptiveLimiter


def test_requests_turned_away_together_halve_the_limit_once() -> None:
    async def run() -> list[int]:
        limiter, seen = AdaptiveLimiter(64), []
        async with limiter.slot() as first, limiter.slot() as second:
            limiter.overloaded(first, 0)
            seen.append(limiter.limit)
            limiter.overloaded(second, 0)
            seen.append(limiter.limit)
        for _ in range(8):
            async with limiter.slot() as started:
                limiter.overloaded(started, 0)
        return [*seen, limiter.limit]

    assert asyncio.run(run()) == [32, 32, 1]


def test_a_window_of_successes_adds_one_up_to_the_most() -> None:
    async def run() -> list[int]:
        limiter, seen = AdaptiveLimiter(4), []
        async with limiter.slot() as started:
            limiter.overloaded(started, 0)
        for _ in range(12):
            limiter.succeeded()
            seen.append(limiter.limit)
        return seen

    assert asyncio.run(run()) == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_than_the_limit_run_at_once_and_in_the_order_they_came(limit: int) -> None:
    running, most, order = 0, 0, []

    async def run() -> None:
        limiter = AdaptiveLimiter(limit)

        async def one(number: int) -> None:
            nonlocal running, most
            async with limiter.slot():
                order.append(number)
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.005)
                running -= 1

        await asyncio.gather(*map(one, range(12)))

    asyncio.run(run())
    assert most == limit
    assert order == list(range(12))


def test_a_pause_holds_back_everyone() -> None:
    async def run() -> float:
        limiter = AdaptiveLimiter(8)
        async with limiter.slot() as started:
            limiter.overloaded(started, 0.2)
        asked = time.monotonic()

        async def one() -> float:
            async with limiter.slot() as started:
                return started - asked

        return min(await asyncio.gather(*(one() for _ in range(8))))

    assert asyncio.run(run()) >= 0.19


def test_who_stops_waiting_takes_no_turn() -> None:
    async def run() -> None:
        limiter = AdaptiveLimiter(1)

        async def one() -> None:
            async with limiter.slot():
                await asyncio.sleep(0.01)

        holder, quitter, last = (asyncio.create_task(one()) for _ in range(3))
        await asyncio.sleep(0.002)
        quitter.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(holder, last)

    asyncio.run(run())
