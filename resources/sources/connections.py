"""Connections to checked addresses that end when their time is up."""

import ssl
import threading
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2

from models.faults import FaultError, Reason
from resources.addresses import is_public, resolve
from resources.sources.host_turns import NoAnswerError


class CheckedBackend(httpcore2.NetworkBackend):
    """Connects to public addresses only, unless private ones are allowed.

    The connection goes to the very address that was checked, so a name that resolves to another
    one the second time gains nothing. Inside `within`, each connection of the same thread breaks
    off when the time is up, however slowly the other side sends: a timeout of single reads alone
    would let a server that sends one byte a second hold a worker for hours.
    """

    def __init__(self, *, allow_private: bool, private_hosts: Container[str] = ()) -> None:
        self._inner = httpcore2.SyncBackend()
        self._allow_private = allow_private
        self._private_hosts = private_hosts
        self._clock = _Clock()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound everything that this thread sends and receives; the narrower bound counts."""
        outer = self._clock.deadline
        self._clock.deadline = min(outer, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._clock.deadline = outer

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Let the time of this thread stand still, as while it waits for its turn."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._clock.deadline += time.monotonic() - began

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first of a host's addresses.

        Raises:
            FaultError: FETCH_REFUSED where any of them is private.
            NoAnswerError: The host has no address.
        """
        try:
            addresses = resolve(host, port)
        except OSError as error:
            msg = f"{host} is unknown: {error}"
            raise NoAnswerError(msg) from error
        private = [a for a in addresses if not is_public(a)]
        if private and not self._allow_private and host not in self._private_hosts:
            raise FaultError(Reason.FETCH_REFUSED, f"{host} is {private[0]}, a private address")
        stream = self._inner.connect_tcp(
            addresses[0], port, self._clock.bounded(timeout), local_address, socket_options
        )
        return _TimedStream(stream, self._clock)


class _Clock(threading.local):
    """The moment at which the current thread's fetch must be over."""

    deadline = float("inf")

    def bounded(self, timeout: float | None) -> float | None:
        """The timeout, or what is left of the time if that is less."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            msg = "the time for it is up"
            raise NoAnswerError(msg)
        return timeout if timeout is not None and timeout <= left else min(left, 1e6)


class _TimedStream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, clock: _Clock) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._clock.bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._clock.bounded(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        bounded = self._clock.bounded(timeout)
        return _TimedStream(
            self._inner.start_tls(ssl_context, server_hostname, bounded), self._clock
        )

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the type of the interface
        return self._inner.get_extra_info(info)
