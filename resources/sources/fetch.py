"""Fetching images by HTTP: politely, within limits, and never from private addresses."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpcore2
import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from models.faults import FaultError, Reason
from resources.retrying import TransientError, pause, retry_after_s
from resources.sources.connections import CheckedBackend
from resources.sources.host_turns import HostTurns, NoAnswerError

USER_AGENT = b"imgedit-factory/0.1 (image data set builder)"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 30.0
"""A host that asks for more patience than this is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """The limits of every fetch."""

    allow_private: bool = False
    """Whether addresses of private networks and of this machine may be fetched from."""
    private_hosts: frozenset[str] = frozenset()
    """Host names, as they stand in URLs, that may have private addresses all the same."""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    """The longest silence."""
    first_byte_s: float = 10.0
    """The longest time until the head of an answer is there, however it drips."""
    slow_after_s: float = 5.0
    min_bytes_per_s: int = 2048
    """A body that has come more slowly than this after `slow_after_s` is given up."""
    total_s: float = 60.0
    """The longest time for one image, redirects and retries included."""
    max_bytes: int = 64 * 2**20
    max_redirects: int = 5
    attempts: int = 3
    """For timeouts, broken connections and the answers 429, 500, 502, 503 and 504."""
    per_host: int = 4
    pause_s: float = 0.05
    """Between the starts of two requests to one host."""
    give_up_after: int = 6
    """So many requests in a row without a useful answer, and a host is left alone ..."""
    shut_s: float = 300.0
    """... for so long; then one more failure is enough."""


class Fetcher:
    """Fetches bytes by URL; shared by threads. Close it, or use it in a `with`.

    Proxy settings of the environment are not used: a proxy would connect to addresses that nobody
    has checked.
    """

    def __init__(self, policy: FetchPolicy | None = None) -> None:
        self._policy = policy or FetchPolicy()
        self._backend = CheckedBackend(
            allow_private=self._policy.allow_private, private_hosts=self._policy.private_hosts
        )
        self._turns = HostTurns(
            at_once=self._policy.per_host,
            pause_s=self._policy.pause_s,
            give_up_after=self._policy.give_up_after,
            shut_s=self._policy.shut_s,
        )
        self._pool = httpcore2.ConnectionPool(
            max_connections=64, keepalive_expiry=5.0, network_backend=self._backend
        )

    def fetch(self, url: str) -> bytes:
        """The body of the answer, after redirects; several tries for transient errors.

        Raises:
            FaultError: FETCH_REFUSED for what the policy forbids (scheme, address, size, number
                of redirects), FETCH_FAILED for what the network or the host did.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(self._policy.attempts),
            wait=pause(most_s=8.0, most_asked_s=_LONGEST_WAIT_S),
            reraise=True,
        )
        try:
            with self._backend.within(self._policy.total_s):
                return retrying(self._follow, url)
        except TransientError as error:
            detail = f"{url}: {error}, {self._policy.attempts} tries"
            raise FaultError(Reason.FETCH_FAILED, detail) from error

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _follow(self, url: str) -> bytes:
        place = _checked(url)
        for _ in range(self._policy.max_redirects + 1):
            answer = self._get(place)
            if isinstance(answer, bytes):
                return answer
            place = _checked(answer, place)
        detail = f"{url} redirects more than {self._policy.max_redirects} times"
        raise FaultError(Reason.FETCH_REFUSED, detail)

    def _get(self, url: httpx2.URL) -> bytes | str:
        """The body, or where the host redirects to."""
        with self._turn(url.host), self._answer(url) as response:
            headers = httpx2.Headers(response.headers)
            if response.status in _REDIRECTS and "location" in headers:
                return headers["location"]
            if response.status in _TRANSIENT:
                msg = f"answer {response.status}"
                raise TransientError(msg, wait_s=retry_after_s(headers))
            if response.status != 200:
                raise FaultError(Reason.FETCH_FAILED, f"{url}: answer {response.status}")
            return self._body(url, response, headers)

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        """A turn at a host, whose outcome is noted; waiting for it costs none of the fetch's time.

        An answer of another kind than wanted, such as 404, is an answer.
        """
        with ExitStack() as held:
            with self._backend.uncounted():
                held.enter_context(self._turns.turn(host))
            try:
                yield
            except (NoAnswerError, TransientError):
                self._turns.failed(host)
                raise
            except FaultError:
                self._turns.answered(host)
                raise
            self._turns.answered(host)

    @contextmanager
    def _answer(self, url: httpx2.URL) -> Iterator[httpcore2.Response]:
        timeouts = {
            "connect": self._policy.connect_timeout_s,
            "read": self._policy.read_timeout_s,
            "write": self._policy.read_timeout_s,
            "pool": self._policy.total_s,
        }
        headers = [(b"Host", url.netloc), (b"User-Agent", USER_AGENT), (b"Accept", b"image/*")]
        where = httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        try:
            request = self._pool.stream(
                "GET", where, headers=headers, extensions={"timeout": timeouts}
            )
            with ExitStack() as held:
                with self._backend.within(self._policy.first_byte_s):
                    response = held.enter_context(request)
                yield response
        except (httpcore2.TimeoutException, httpcore2.RemoteProtocolError) as error:
            raise TransientError(str(error) or type(error).__name__) from error
        except (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol) as error:
            raise FaultError(Reason.FETCH_REFUSED, f"{url}: {error}") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            msg = f"{url}: {error}"
            raise NoAnswerError(msg) from error

    def _body(
        self, url: httpx2.URL, response: httpcore2.Response, headers: httpx2.Headers
    ) -> bytes:
        limit = self._policy.max_bytes
        declared = headers.get("content-length", "")
        body, began = bytearray(), time.monotonic()
        if not declared.isdecimal() or int(declared) <= limit:
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > limit:
                    break
                self._check_rate(url, len(body), time.monotonic() - began)
            else:
                return bytes(body)
        detail = f"{url} has more than {limit} bytes (declared: {declared or 'nothing'})"
        raise FaultError(Reason.FETCH_REFUSED, detail)

    def _check_rate(self, url: httpx2.URL, n_bytes: int, seconds: float) -> None:
        policy = self._policy
        if seconds > policy.slow_after_s and n_bytes < seconds * policy.min_bytes_per_s:
            msg = f"{url}: {n_bytes} bytes in {seconds:.1f} s, too slow"
            raise NoAnswerError(msg)


def _checked(url: str, base: httpx2.URL | None = None) -> httpx2.URL:
    try:
        place = base.join(url) if base else httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise FaultError(Reason.FETCH_REFUSED, f"{url!r} is no URL: {error}") from error
    if place.scheme not in {"http", "https"} or not place.host:
        raise FaultError(Reason.FETCH_REFUSED, f"{url!r}: only http and https are fetched")
    return place
