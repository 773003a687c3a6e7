"""Requests and responses over ASGI, and connections that can be cut."""

import asyncio
import email
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from resources.reading import parse_json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]


class CuttingProtocol(HttpToolsProtocol):
    """uvicorn's protocol, whose requests know their connection, and how to cut it."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {"connection": {"transport": self.transport}}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request, and the way to answer it."""

    scope: Scope
    body: bytes
    send: Send
    gone: "asyncio.Task[Any]"
    """Done when the client has left."""
    fields: dict[str, Any] = field(default_factory=dict)
    """The body as JSON; empty where it is none."""

    @classmethod
    async def begin(cls, scope: Scope, receive: Receive, send: Send) -> "Exchange | None":
        """Read a whole request; None where the client left in the middle of it."""
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(pieces)
        gone = asyncio.ensure_future(receive())
        return cls(scope=scope, body=body, send=send, gone=gone, fields=_json(body))

    def header(self, name: bytes) -> str:
        """A header's value, or nothing."""
        return next((v.decode() for k, v in self.scope["headers"] if k == name), "")

    async def wait(self, seconds: float) -> None:
        """Wait, or until the client has left."""
        if seconds > 0 and not self.gone.done():
            await asyncio.wait({self.gone}, timeout=seconds)

    @property
    def is_there(self) -> bool:
        """Whether the client is there to get an answer. After the last piece, uvicorn denies it."""
        is_known_gone = self.gone.done() or self._connection.is_closing()
        return not is_known_gone and _is_open(self._connection)

    def cut(self) -> None:
        """Cut the connection at once."""
        self._connection.abort()

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        """Send the head of an answer."""
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers]})

    async def piece(self, data: bytes, *, more: bool) -> None:
        """Send a piece of its body."""
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(
        self,
        status: int,
        data: bytes,
        *,
        kind: str = "application/json",
        more: Iterable[Header] = (),
    ) -> bool:
        """Send a whole answer; whether the client was there to get it."""
        length = str(len(data)).encode()
        await self.start(
            status, [(b"content-type", kind.encode()), (b"content-length", length), *more]
        )
        is_there = self.is_there
        await self.piece(data, more=False)
        return is_there

    async def answer_json(
        self, value: object, status: int = 200, more: Iterable[Header] = ()
    ) -> bool:
        """Send a JSON value."""
        return await self.answer(status, json.dumps(value).encode(), more=more)

    async def answer_error(
        self, status: int, text: str, code: str | None = None, more: Iterable[Header] = ()
    ) -> None:
        """Send an error of OpenAI's form."""
        error = {"message": text, "type": "scripted", "param": None, "code": code}
        await self.answer_json({"error": error}, status, more)

    @property
    def _connection(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["extensions"]["connection"]["transport"]
        return transport

    def form(self) -> dict[str, bytes]:
        """The parts of a multipart body by name; of several of one name the first."""
        head = f"Content-Type: {self.header(b'content-type')}\r\n\r\n".encode()
        parts = email.message_from_bytes(head + self.body).get_payload()
        if not isinstance(parts, list):
            return {}
        found = {
            _name(p): p.get_payload(decode=True) for p in reversed(parts) if isinstance(p, Message)
        }
        return {name: data for name, data in found.items() if isinstance(data, bytes)}


def _is_open(connection: asyncio.Transport) -> bool:
    """Whether the other end is open, asked of the socket: the event loop may not know it yet."""
    with socket.socket(fileno=os.dup(connection.get_extra_info("socket").fileno())) as looked_at:
        try:
            return looked_at.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


def _name(part: Message) -> str:
    return str(part.get_param("name", "", header="content-disposition")).removesuffix("[]")


def _json(body: bytes) -> dict[str, Any]:
    if not body.startswith(b"{"):
        return {}
    try:
        value = parse_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
