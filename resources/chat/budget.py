"""A bound on what a model may cost: what was paid, with what is under way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from resources.chat.completions import Reply
from resources.chat.settings import ChatError, ChatSettings


class BudgetError(ChatError):
    """The budget does not cover the next request; nothing that was paid for is lost."""


class OverBudgetError(Exception):
    """The next request does not fit, even with nothing under way."""


def check_priced(replies: Iterable[Reply], settings: ChatSettings) -> None:
    """Make sure that a budget can be kept.

    Raises:
        BudgetError: The price of a reply is not known.
    """
    if settings.budget_usd is not None and any(reply.usd is None for reply in replies):
        msg = f"{settings.url} does not say how many tokens {settings.model} took, so that no "
        raise BudgetError(msg + "budget can be kept: remove budget_usd from the chat's section")


class Budget:
    """Lets requests through while they fit; for one event loop.

    A request that would fit if those under way turn out cheaper than estimated waits for them.

    Args:
        most_usd: The bound; None for none.
        spent_usd: Reads what was paid so far.
    """

    def __init__(self, most_usd: float | None, spent_usd: Callable[[], float]) -> None:
        self._most = most_usd
        self._spent = spent_usd
        self._reserved: list[float] = []
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def reserved(self, estimate_usd: Callable[[], float]) -> AsyncIterator[None]:
        """Hold an estimate for as long as its request is under way.

        Raises:
            OverBudgetError: It does not fit.
        """
        if self._most is None:
            yield
            return
        estimate = estimate_usd()
        async with self._freed:
            while self._spent() + sum(self._reserved) + estimate > self._most:
                if not self._reserved:
                    raise OverBudgetError
                await self._freed.wait()
            self._reserved.append(estimate)
        try:
            yield
        finally:
            self._reserved.remove(estimate)
            async with self._freed:
                self._freed.notify_all()
