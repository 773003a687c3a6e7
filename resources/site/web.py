"""What pages are made of, so that no page of the graph reaches for the network itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from models.faults import ImgEditError
from resources.site.access import STATIC

__all__ = [
    "Answered",
    "HTMLResponse",
    "HTTPException",
    "JSONResponse",
    "RedirectResponse",
    "Request",
    "Response",
    "Route",
    "Starlette",
    "asker",
    "make_site",
    "posted",
    "serve",
]

MAX_FORM_BYTES = 1_000_000


def posted(path: str, answer: Callable[[Request, dict[str, str]], Response]) -> Route:
    """A route that takes a form by POST.

    Args:
        path: Its path.
        answer: Gets the form's fields, of those that come twice the last; run beside the loop.
    """

    async def take(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await _fields(request))

    return Route(path, take, methods=["POST"])


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413, f"a form is {MAX_FORM_BYTES:,} bytes long at most")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def make_site(
    routes: Sequence[Route], static: Path, failed: Callable[[Request, Exception], Response]
) -> Starlette:
    """Pages, and the files that they share.

    Args:
        routes: The pages.
        static: The folder of the files.
        failed: Makes the page of an `HTTPException` or an `ImgEditError`.
    """
    return Starlette(
        routes=[Mount(f"/{STATIC}", StaticFiles(directory=static)), *routes],
        exception_handlers={HTTPException: failed, ImgEditError: failed},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an application says to a GET."""

    status: int
    kind: str
    """The media type, without parameters."""
    body: bytes


def asker(app: ASGIApp) -> Callable[[str], Answered]:
    """A way to ask an application of this process for a path, without a network."""
    import anyio
    import httpx2

    async def get(address: str) -> Answered:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get(address)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        return Answered(status=answer.status_code, kind=kind, body=answer.content)

    return lambda address: anyio.run(get, address)


def serve(app: ASGIApp, host: str, port: int, *, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C.

    Args:
        app: What is served.
        host: The address to listen on.
        port: Its port.
        ready: Called once whoever asks is answered, now or in a moment.
    """
    import uvicorn

    # Who asks is not for proxies to say, and no request is worth a line in the terminal.
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", proxy_headers=False)
    listening = config.bind_socket()
    listening.listen(config.backlog)
    ready()
    uvicorn.Server(config).run(sockets=[listening])
