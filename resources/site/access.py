"""Who may ask for which page: the owner for all of them, a rater for those of one campaign.

Whoever reaches loopback is the owner, unless a token is set. A rater comes with a link of their
own, and its cookie is sent for their campaign alone, so an owner who tries it stays the owner.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resources.webplaces import Places

Raters = Callable[[str, str], str | None]
"""Of a campaign and a token, whose it is; None where it is nobody's."""

RATED = "rate"
"""The first part of the paths of raters: `/rate/<campaign>/...`."""

STATIC = "static"

COOKIE = "imgedit_token"
COOKIE_S = 30 * 24 * 3600

READING = frozenset({"GET", "HEAD"})

SEALS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks; as `request.state.visitor`."""

    name: str
    campaign: str = ""
    """The one that a rater sees; empty for the owner, who sees everything."""


def nobody(campaign: str, token: str) -> str | None:
    """No token is any rater's."""
    del campaign, token
    return None


class Access:
    """An ASGI application that hands on what may be asked, and refuses the rest."""

    def __init__(
        self, app: ASGIApp, *, places: Places, owner: str, token: str = "", raters: Raters = nobody
    ) -> None:
        self._app, self._places = app, places
        self._owner, self._token, self._raters = owner, token, raters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        answer = self._refusal(asked) or self._arrival(asked)
        if answer is None:
            visitor = self._visitor(asked, _cookie(asked))
            answer = None if visitor or _first(asked) == STATIC else _stranger()
            scope.setdefault("state", {})["visitor"] = visitor
        await (answer or self._app)(scope, receive, _sealed(send))

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        """What no token opens: another name of this machine, a write by a page of others."""
        hosts = asked.headers.getlist("host")
        if len(hosts) != 1 or not self._places.answer_to(hosts[0]):
            why = "this server does not go by that name; start it with `imgedit view --allow-host`"
            return PlainTextResponse(f"refused: {why}\n", 421)
        if asked.scope["method"] not in READING:
            origin = asked.headers.get("origin", "")
            if not self._places.are_of(origin, hosts[0]):
                return PlainTextResponse("refused: only pages of this server may write\n", 403)
        return None

    def _arrival(self, asked: HTTPConnection) -> Response | None:
        """A link with a token: kept as a cookie, so that no address shows it any more.

        The page goes on by itself: a cookie of this kind is not sent after a redirect that began
        at another site, as a mail does.
        """
        query = parse_qsl(asked.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = dict(query).get("token", "")
        if not token or asked.scope["method"] not in READING:
            return None
        if self._visitor(asked, token) is None:
            return _stranger()
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        ahead = escape(quote(asked.scope["path"]) + (f"?{rest}" if rest else ""), quote=True)
        page = (
            f'<!doctype html><meta http-equiv="refresh" content="0; url={ahead}"><title>…</title>'
        )
        answer = HTMLResponse(page)
        answer.headers["Set-Cookie"] = _kept(token, _scope_of(asked), asked.scope["scheme"])
        return answer

    def _visitor(self, asked: HTTPConnection, token: str) -> Visitor | None:
        """Who comes with a token, or without one."""
        if campaign := _campaign(asked):
            name = self._raters(campaign, token) if token else None
            if name is not None:
                return Visitor(name=name, campaign=campaign)
            # The owner may look at a campaign, and their cookie is sent there too.
        is_owner = not self._token or _same(token, self._token)
        return Visitor(name=self._owner) if is_owner else None


def _same(token: str, wanted: str) -> bool:
    return hmac.compare_digest(token.encode(), wanted.encode())


def _first(asked: HTTPConnection) -> str:
    path: str = asked.scope["path"]
    return path.strip("/").partition("/")[0]


def _campaign(asked: HTTPConnection) -> str:
    """The campaign that a path is of; empty where it is of none."""
    path: str = asked.scope["path"]
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == RATED and len(parts) > 1 else ""


def _scope_of(asked: HTTPConnection) -> str:
    """The paths that a cookie is for."""
    campaign = _campaign(asked)
    return f"/{RATED}/{quote(campaign)}" if campaign else "/"


def _cookie(asked: HTTPConnection) -> str:
    """The token of the most exact path, which browsers send first."""
    for part in asked.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            said = SimpleCookie(f"{name}={value}").get(COOKIE)
            return str(said.value) if said else ""
    return ""


def _kept(token: str, path: str, scheme: str) -> str:
    cookie: Morsel[Any] = SimpleCookie({COOKIE: token})[COOKIE]
    cookie |= {"path": path, "httponly": True, "samesite": "Strict", "max-age": COOKIE_S}
    cookie["secure"] = scheme == "https"
    return cookie.OutputString()


def _stranger() -> Response:
    text = "This page needs a token: open the link that you were given.\n"
    return PlainTextResponse(text, 401)


def _sealed(send: Send) -> Send:
    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SEALS.items():
                headers.setdefault(name, value)
        await send(message)

    return sealed
