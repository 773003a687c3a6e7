"""Fetching over real sockets from a server on this machine that behaves badly on request."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from models.faults import FaultError, Reason
from resources.addresses import is_public
from resources.sources.fetch import USER_AGENT, Fetcher, FetchPolicy

BODY = bytes(range(256)) * 40


class Site(BaseHTTPRequestHandler):
    hits: Counter[str]
    busy: list[int]
    agents: set[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.hits[self.path] += 1
        self.agents.add(self.headers["User-Agent"])
        name = self.path.strip("/").partition("/")[0].replace("-", "_")
        getattr(self, name, self.absent)()

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def good(self) -> None:
        self.answer(200, BODY)

    def absent(self) -> None:
        self.answer(404, b"no")

    def busy_once(self) -> None:
        first = self.hits[self.path] == 1
        self.answer(503 if first else 200, BODY, Retry_After="0")

    def always_busy(self) -> None:
        self.answer(503)

    def moved(self) -> None:
        self.answer(302, Location="/good")

    def loop(self) -> None:
        self.answer(302, Location="/loop")

    def to_localhost(self) -> None:
        self.answer(302, Location=f"http://localhost:{self.server.server_address[1]}/good")

    def to_file(self) -> None:
        self.answer(302, Location="file:///etc/passwd")

    def undeclared(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for _ in range(64):
            self.wfile.write(b"x" * 65536)

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def drip_headers(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 40:
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)

    def silent(self) -> None:
        time.sleep(2)

    def short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"x" * 100)
        self.close_connection = True

    def counted(self) -> None:
        self.busy[0] += 1
        self.busy[1] = max(self.busy)
        time.sleep(0.05)
        self.busy[0] -= 1
        self.answer(200, BODY)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """The test's output stays quiet."""


@pytest.fixture
def site() -> Iterator[tuple[str, type[Site]]]:
    handler = type("Fresh", (Site,), {"hits": Counter(), "busy": [0, 0], "agents": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def policy(**changes: object) -> FetchPolicy:
    quick = {"allow_private": True, "read_timeout_s": 0.4, "total_s": 5.0, "pause_s": 0.0}
    return FetchPolicy(**(quick | changes))


def reason(url: str, limits: FetchPolicy) -> Reason:
    with Fetcher(limits) as fetcher, pytest.raises(FaultError) as caught:
        fetcher.fetch(url)
    return caught.value.fault.reason


def test_bytes_come_as_they_are_and_the_agent_says_who_asks(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    with Fetcher(policy()) as fetcher:
        assert fetcher.fetch(f"{url}/good") == BODY
        assert fetcher.fetch(f"{url}/moved") == BODY
    assert handler.agents == {USER_AGENT.decode()}


def test_a_private_address_is_refused_unless_allowed(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    assert reason(f"{url}/good", policy(allow_private=False)) is Reason.FETCH_REFUSED
    by_name = url.replace("127.0.0.1", "localhost")
    assert reason(f"{by_name}/good", policy(allow_private=False)) is Reason.FETCH_REFUSED
    assert not handler.hits


def test_a_redirect_to_a_private_address_is_refused(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    only_first = policy(allow_private=False, private_hosts=frozenset({"127.0.0.1"}))
    assert reason(f"{url}/to-localhost", only_first) is Reason.FETCH_REFUSED
    assert set(handler.hits) == {"/to-localhost"}
    with Fetcher(policy()) as fetcher:
        assert fetcher.fetch(f"{url}/to-localhost") == BODY


def test_a_redirect_to_another_scheme_is_refused(site: tuple[str, type[Site]]) -> None:
    assert reason(f"{site[0]}/to-file", policy()) is Reason.FETCH_REFUSED


def test_redirects_are_bounded(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    assert reason(f"{url}/loop", policy(max_redirects=3)) is Reason.FETCH_REFUSED
    assert handler.hits["/loop"] == 4


def test_only_transient_answers_are_tried_again(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    with Fetcher(policy()) as fetcher:
        assert fetcher.fetch(f"{url}/busy-once") == BODY
    assert handler.hits["/busy-once"] == 2
    assert reason(f"{url}/always-busy", policy(attempts=2)) is Reason.FETCH_FAILED
    assert handler.hits["/always-busy"] == 2
    assert reason(f"{url}/nothing", policy()) is Reason.FETCH_FAILED
    assert handler.hits["/nothing"] == 1


@pytest.mark.parametrize("page", ["good", "undeclared"])
def test_too_many_bytes_are_refused(site: tuple[str, type[Site]], page: str) -> None:
    assert reason(f"{site[0]}/{page}", policy(max_bytes=9000)) is Reason.FETCH_REFUSED


@pytest.mark.parametrize("page", ["drip", "drip-headers"])
def test_a_slow_drip_ends_with_the_total_time(site: tuple[str, type[Site]], page: str) -> None:
    began = time.monotonic()
    assert reason(f"{site[0]}/{page}", policy(total_s=0.6)) is Reason.FETCH_FAILED
    assert time.monotonic() - began < 2.5


def test_silence_and_broken_answers_are_tried_again_then_fail(
    site: tuple[str, type[Site]],
) -> None:
    url, handler = site
    for page in ("/silent", "/short"):
        assert reason(url + page, policy(attempts=2)) is Reason.FETCH_FAILED
        assert handler.hits[page] == 2


def test_few_requests_at_once_for_one_host(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    with Fetcher(policy(per_host=2, read_timeout_s=5.0)) as fetcher:
        threads = [
            threading.Thread(target=fetcher.fetch, args=(f"{url}/counted/{n}",)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(handler.hits.values()) == 8
    assert handler.busy[1] <= 2


def test_a_drip_is_given_up_long_before_the_total_time(site: tuple[str, type[Site]]) -> None:
    url, _ = site
    once = policy(slow_after_s=0.3, first_byte_s=0.3, attempts=1)
    began = time.monotonic()
    assert reason(f"{url}/drip", once) is Reason.FETCH_FAILED
    assert reason(f"{url}/drip-headers", once) is Reason.FETCH_FAILED
    assert time.monotonic() - began < 2.5


def test_a_host_that_gives_no_answer_is_left_alone_and_the_others_are_not(
    site: tuple[str, type[Site]],
) -> None:
    url, handler = site
    other = url.replace("127.0.0.1", "localhost")
    limits = policy(give_up_after=2, shut_s=1.5, attempts=1, slow_after_s=0.1, read_timeout_s=0.2)
    with Fetcher(limits) as fetcher:
        for page in ("silent", "drip"):
            with pytest.raises(FaultError):
                fetcher.fetch(f"{url}/{page}")
        began = time.monotonic()
        for _ in range(50):
            with pytest.raises(FaultError, match="no answer 2 times in a row; the next run") as hit:
                fetcher.fetch(f"{url}/good")
        assert hit.value.fault.reason.is_passing
        assert time.monotonic() - began < 1.0
        assert fetcher.fetch(f"{other}/good") == BODY
        assert handler.hits["/good"] == 1
        time.sleep(max(0.0, began + 1.6 - time.monotonic()))
        assert fetcher.fetch(f"{url}/good") == BODY
    with Fetcher(limits) as afresh:
        assert afresh.fetch(f"{url}/good") == BODY


def test_an_unwanted_answer_is_an_answer(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    with Fetcher(policy(give_up_after=2, attempts=1)) as fetcher:
        for page in ("always-busy", "nothing") * 3:
            with pytest.raises(FaultError):
                fetcher.fetch(f"{url}/{page}")
    assert handler.hits["/nothing"] == 3


def test_waiting_for_a_turn_costs_no_time_of_the_fetch(site: tuple[str, type[Site]]) -> None:
    url, _ = site
    limits = policy(per_host=1, pause_s=0.25, total_s=0.6)
    with Fetcher(limits) as fetcher, ThreadPoolExecutor(6) as pool:
        bodies = list(pool.map(fetcher.fetch, [f"{url}/good"] * 6))
    assert bodies == [BODY] * 6


def test_a_closed_port_and_an_unknown_name_fail() -> None:
    assert reason("http://127.0.0.1:9/x.png", policy()) is Reason.FETCH_FAILED
    assert reason("http://no-such-host.invalid/x.png", policy()) is Reason.FETCH_FAILED


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.org/a", "http://", "http://[::1"])
def test_other_urls_are_refused(url: str) -> None:
    assert reason(url, policy()) is Reason.FETCH_REFUSED


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.5.4", "169.254.169.254", "0.0.0.0"),
        *("::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::8.8.8.8", "::127.0.0.1", "::8.8.8.8"),
        *("fec0::1", "100::1", "2001:db8::1", "5f00::1", "ff02::1", "4000::1", "::"),
        *("2001:0:7f00:1::ffff:ffff", "2001::80ff:fffe", "100.64.0.1", "198.18.0.1", "240.0.0.1"),
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"],
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)
