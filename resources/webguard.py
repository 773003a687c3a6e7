"""What may ask Dagster's webserver: its own pages, and programs that name it right.

The webserver has no login and answers anybody, so any page that a browser shows could ask it to
launch runs: by a form, by an image whose address is a mutation, by a WebSocket, or under a name of
its own that it points at this machine.
"""

from dataclasses import dataclass

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from resources.webplaces import Places

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

_SHOWN_LENGTH = 100


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
        if len(hosts) == 1 and self._places.answer_to(hosts[0]):
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
            return (
                ""
                if self._places.are_of(origin, host)
                else _shown(origin) or "a page without a name"
            )
        site = headers.get("sec-fetch-site", "none")
        if site not in {"none", "same-origin"}:
            return f"a {_shown(site)} page"
        referer = headers.get("referer")
        return _shown(referer) if referer and not self._places.are_of(referer, host) else ""


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
