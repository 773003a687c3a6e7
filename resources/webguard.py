"""What may ask Dagster's webserver: its own pages, and programs that name it right.

The webserver has no login and answers anybody, so any page that a browser shows could ask it to
launch runs: by a form, by an image whose address is a mutation, by a WebSocket, or under a name of
its own that it points at this machine.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from models.faults import ImgEditError
from resources.servers import is_loopback

Place = tuple[str, int]
"""A host and a port, as a browser is told them."""

PORTS = {"http": 80, "https": 443}
PAGE_PORTS = frozenset(PORTS.values())

ENDPOINTS = frozenset(
    {
        *("graphql", "logs", "notebook", "dagit", "download_debug"),
        *("report_asset_materialization", "report_asset_check", "report_asset_observation"),
    }
)
"""The first part of every path that is more than a page, a file of the UI or a version number."""

SEALS = {
    # Nobody shows the Launchpad in a frame of theirs, under a button that is not what it seems.
    "X-Frame-Options": "SAMEORIGIN",
    # A second policy only takes away from Dagster's own.
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(?::(\d{1,5}))?", re.ASCII)
_SHOWN_LENGTH = 100


class HostError(ImgEditError):
    """What stands for a host name is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a webserver is to be found."""

    own: frozenset[Place]
    given: frozenset[Place] = frozenset()
    """Those that the user named: a proxy, say."""
    literals_at: int | None = None
    """The port at which any address in figures is ours. A page can give its own name to this
    machine, but no address."""

    @classmethod
    def of(cls, host: str, port: int, allowed: Collection[str] = ()) -> "Places":
        """Those of a webserver that listens somewhere.

        Args:
            host: The address it listens on.
            port: Its port.
            allowed: More names that it goes by, as `name` (at its own port, 80 and 443) or
                `name:port`.

        Raises:
            HostError: One of them is no host name.
        """
        loopback = is_loopback(host)
        names = ("localhost", "127.0.0.1", "::1") if loopback else ("localhost",)
        own = {(name, port) for name in (_canonical(host), *names)}
        given = {place for name in allowed for place in _named(name, port)}
        literals_at = None if loopback else port
        return cls(own=frozenset(own), given=frozenset(given), literals_at=literals_at)

    def hold(self, place: Place) -> bool:
        """Whether a place is one of them."""
        host, port = place
        return place in self.own | self.given or (port == self.literals_at and _is_literal(host))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    why: str


class Guard:
    """An ASGI application that hands on what is safe to answer, and refuses the rest."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif refusal := self._refusal(HTTPConnection(scope)):
            await _refuse(refusal, scope, receive, send)
        else:
            await self._app(scope, receive, _sealed(send))

    def _refusal(self, asked: HTTPConnection) -> Refusal | None:
        return self._misdirected(asked) or self._foreign(asked) or _unfit(asked)

    def _misdirected(self, asked: HTTPConnection) -> Refusal | None:
        """A page of another name that leads to this machine would pass for ours in all the rest."""
        hosts = asked.headers.getlist("host")
        places = [_place(host, port) for host in hosts for port in PAGE_PORTS]
        if len(hosts) == 1 and any(place and self._places.hold(place) for place in places):
            return None
        name = _shown(", ".join(hosts))
        why = f"this server does not go by the name '{name}'; if it should, start it with"
        return Refusal(status=421, why=f"{why} `imgedit up --allow-host {name or 'NAME'}`")

    def _foreign(self, asked: HTTPConnection) -> Refusal | None:
        if _is_page(asked) or not (stranger := self._stranger(asked)):
            return None
        why = f"asked by {stranger}, and only pages of this server may ask it; if that is a proxy"
        return Refusal(
            status=403, why=f"{why} before it, start it with `imgedit up --allow-host NAME`"
        )

    def _stranger(self, asked: HTTPConnection) -> str:
        """Who made a request, unless it is a page of ours or no page at all."""
        headers, host = asked.headers, asked.headers["host"]
        if (origin := headers.get("origin")) is not None:
            return "" if self._is_ours(origin, host) else _shown(origin) or "a page without a name"
        site = headers.get("sec-fetch-site", "none")
        if site not in {"none", "same-origin"}:
            return f"a {_shown(site)} page"
        referer = headers.get("referer")
        return _shown(referer) if referer and not self._is_ours(referer, host) else ""

    def _is_ours(self, source: str, host: str) -> bool:
        """Whether an origin, or a page's address, is of the host that was asked."""
        try:
            parts = urlsplit(source)
        except ValueError:
            return False
        port = PORTS.get(parts.scheme)
        if port is None or not (place := _place(parts.netloc, port)):
            return False
        # A proxy may ask under our own name for what a page of its name wants.
        return place == _place(host, port) or place in self._places.given


def _is_page(asked: HTTPConnection) -> bool:
    """Whether a link to a page of the UI was followed, which any other page may hold."""
    return (
        asked.scope.get("method") in {"GET", "HEAD"}
        and _first_part(asked) not in ENDPOINTS
        and "origin" not in asked.headers
        and asked.headers.get("sec-fetch-dest", "document") == "document"
    )


def _first_part(asked: HTTPConnection) -> str:
    path: str = asked.scope["path"]
    return path.lstrip("/").partition("/")[0]


def _unfit(asked: HTTPConnection) -> Refusal | None:
    """Requests of a form that browsers send for any page without asking whether they may."""
    match asked.scope.get("method"):
        case "POST":
            said = asked.headers.get("content-type", "")
            if said.partition(";")[0].strip() != "application/json":
                why = f"send a POST as `Content-Type: application/json`, not as '{_shown(said)}'"
                return Refusal(status=415, why=why)
        case "GET" if _first_part(asked) == "graphql" and not _only_reads(asked):
            why = "by GET only a GraphQL query is answered; send this by POST, as application/json"
            return Refusal(status=405, why=why)
    return None


def _only_reads(asked: HTTPConnection) -> bool:
    try:
        parsed = parse(asked.query_params.get("query", "{ version }"))
    except (GraphQLError, RecursionError):
        return False
    operations = (d for d in parsed.definitions if isinstance(d, OperationDefinitionNode))
    return all(o.operation is OperationType.QUERY for o in operations)


def _named(name: str, port: int) -> set[Place]:
    """The places that a user means by a name, with a port or without."""
    place, elsewhere = _place(name, port), _place(name, 0)
    if place is None or elsewhere is None:
        msg = f"'{name}' is no host name; give one such as imgedit.example or imgedit.example:8443"
        raise HostError(msg)
    return {place} if place == elsewhere else {(place[0], p) for p in (port, *PAGE_PORTS)}


def _place(authority: str, port: int) -> Place | None:
    """A host and its port, or the given port where none is said; none of what is no host."""
    found = _AUTHORITY.fullmatch(authority.lower())
    return (_canonical(found[1].strip("[]")), int(found[2] or port)) if found else None


def _canonical(host: str) -> str:
    """An address as it is spelt shortest; a name in lower case."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """What a stranger sent, as part of a line."""
    return "".join(c for c in text if c.isascii() and c.isprintable())[:_SHOWN_LENGTH]


def _sealed(send: Send) -> Send:
    """A way to answer that adds the headers that keep other pages out."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SEALS.items():
                headers.append(name, value)
        await send(message)

    return sealed


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        # Closed before it is accepted, it is answered by 403; a browser shows its page no more.
        await WebSocket(scope, receive, send).close()
    else:
        answer = PlainTextResponse(f"refused: {refusal.why}\n", refusal.status)
        await answer(scope, receive, send)
