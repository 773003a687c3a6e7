"""Connections to an endpoint, in several pools."""

from itertools import cycle

import httpx2

POOLED = 8
"""Connections of one pool."""


class ManyPools(httpx2.AsyncBaseTransport):
    """Spreads requests over several pools of connections.

    A pool looks at each of its connections whenever a request begins or ends; with 64 in one pool
    that is a quarter of all the time that sending takes.
    """

    def __init__(self, connections: int) -> None:
        # No bound on connections: those of requests that timed out count while they are closed.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=2 * POOLED)
        pools = -(-connections // POOLED)
        self._pools = [httpx2.AsyncHTTPTransport(limits=limits) for _ in range(pools)]
        self._turns = cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request by the pool whose turn it is."""
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        """Close every pool."""
        for pool in self._pools:
            await pool.aclose()
