"""`/v1/chat/completions`: a scripted reply, whole, streamed, late, broken, or none at all."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

from resources.chat.server.answers import answer_text
from resources.chat.server.http import Exchange, Header
from resources.chat.server.journal import Journal
from resources.chat.server.script import Behaviour, Script

CHARS_PER_TOKEN = 4
IMAGE_TOKENS = 765
"""What OpenAI counts for an image of 1024 x 1024 in high detail."""
DRIP_PIECES = 8
STREAM_CHARS = 16

_ERRORS: dict[Behaviour, tuple[int, str, str | None]] = {
    Behaviour.RATE_LIMIT: (429, "too many requests", "rate_limit_exceeded"),
    Behaviour.SERVER_ERROR: (500, "scripted to fail", None),
    Behaviour.UNAVAILABLE: (503, "scripted to be overloaded", None),
    Behaviour.BAD_REQUEST: (400, "scripted to be refused", "invalid_request"),
    Behaviour.FILTERED_REQUEST: (400, "scripted to be filtered", "content_filter"),
}


Replying = Callable[[Exchange, Behaviour], dict[str, Any]]
"""Makes an answer of a request; a `ValueError` says what is wrong with it."""


class Completions:
    """Answers chat completions by a script, and keeps the journal."""

    def __init__(self, script: Script, journal: Journal) -> None:
        self._script = script
        self._journal = journal
        self._released = asyncio.Event()
        self._prefixes: set[str] = set()

    def release(self) -> None:
        """Let go what `hold_after` holds."""
        self._released.set()

    async def serve(self, exchange: Exchange, reply: Replying | None = None) -> None:
        """Answer one request.

        Args:
            exchange: The request.
            reply: Makes the answer; by default a chat completion.
        """
        request = hashlib.sha256(exchange.body).hexdigest()
        journal, attempt = self._journal, self._journal.asked[request]
        behaviour = self._script.behaviour(journal.requests, request, attempt)
        if journal.in_flight >= (self._script.most_in_flight or journal.in_flight + 1):
            behaviour = Behaviour.RATE_LIMIT
        journal.requests += 1
        journal.asked[request] += 1
        journal.behaviours[behaviour] += 1
        journal.in_flight += 1
        journal.most_in_flight = max(journal.most_in_flight, journal.in_flight)
        try:
            await self._held(exchange)
            if refused := [key for key in self._script.refuses if key in exchange.fields]:
                said = f"Unsupported parameter: '{refused[0]}' is not supported with this model."
                await exchange.answer_error(400, said, "unsupported_parameter")
            elif behaviour in _ERRORS:
                await exchange.answer_error(*_ERRORS[behaviour], more=self._retry_after(behaviour))
            else:
                await exchange.wait(self._script.latency(request, attempt))
                await self._deliver(exchange, behaviour, request, reply)
        finally:
            journal.in_flight -= 1

    def reply(self, fields: dict[str, Any], request: str, behaviour: Behaviour) -> dict[str, Any]:
        """A chat completion for a request's body."""
        texts, images = _prompt(fields)
        prompt = "\n".join(texts)
        schema = fields.get("response_format", {}).get("json_schema", {}).get("schema")
        text = answer_text(schema, prompt, f"{self._script.seed}/{request}", self._script.answers)
        message, finish = _as_told(text, behaviour)
        read = len(prompt) // CHARS_PER_TOKEN + images * IMAGE_TOKENS
        written = len(message["content"] or message["refusal"] or "") // CHARS_PER_TOKEN + 1
        usage = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": self._cached(texts)},
        }
        reply: dict[str, Any] = {
            "id": f"chatcmpl-{request[:24]}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": fields.get("model", ""),
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        }
        if self._script.usage != "missing":
            reply["usage"] = usage if self._script.usage == "counted" else None
        return reply

    def _cached(self, texts: list[str]) -> int:
        """Tokens of the first text, where another request began with it too."""
        first = texts[0] if texts else ""
        if first in self._prefixes:
            return len(first) // CHARS_PER_TOKEN
        self._prefixes.add(first)
        return 0

    async def _held(self, exchange: Exchange) -> None:
        after = self._script.hold_after
        if after is None or self._journal.requests <= after or self._released.is_set():
            return
        released = asyncio.ensure_future(self._released.wait())
        await asyncio.wait({released, exchange.gone}, return_when=asyncio.FIRST_COMPLETED)
        released.cancel()

    async def _deliver(
        self, exchange: Exchange, behaviour: Behaviour, request: str, reply: Replying | None
    ) -> None:
        if behaviour is Behaviour.HANG:
            await exchange.wait(self._script.hang_s)
        if behaviour in (Behaviour.HANG, Behaviour.DROP):
            exchange.cut()
        if not exchange.is_there or behaviour in (Behaviour.HANG, Behaviour.DROP):
            return
        if reply is None:
            answer = self.reply(exchange.fields, request, behaviour)
        else:
            try:
                answer = reply(exchange, behaviour)
            except ValueError as error:
                await exchange.answer_error(400, str(error), "invalid_image")
                return
        pieces, kind = _pieces(answer, exchange.fields, behaviour), "application/json"
        if exchange.fields.get("stream"):
            kind = "text/event-stream"
        if await self._sent(exchange, pieces, kind, behaviour):
            self._journal.bill(request)

    async def _sent(
        self, exchange: Exchange, pieces: list[bytes], kind: str, behaviour: Behaviour
    ) -> bool:
        """Send a reply; whether the whole of it was delivered."""
        if len(pieces) == 1:
            return await exchange.answer(200, pieces[0], kind=kind)
        head: list[Header] = [(b"content-type", kind.encode())]
        if kind == "application/json":
            head.append((b"content-length", str(sum(map(len, pieces))).encode()))
        await exchange.start(200, head)
        if behaviour is Behaviour.CUT_OFF:
            await exchange.piece(pieces[0], more=True)
            exchange.cut()
            return False
        pause_s = self._script.drip_s / len(pieces) if behaviour is Behaviour.SLOW_DRIP else 0.0
        for piece in pieces[:-1]:
            await exchange.piece(piece, more=True)
            await exchange.wait(pause_s)
        is_there = exchange.is_there
        await exchange.piece(pieces[-1], more=False)
        return is_there

    def _retry_after(self, behaviour: Behaviour) -> list[Header]:
        if behaviour not in (Behaviour.RATE_LIMIT, Behaviour.UNAVAILABLE):
            return []
        asked_s = self._script.retry_after_s
        if self._script.retry_after_as == "milliseconds":
            return [(b"retry-after-ms", f"{asked_s * 1e3:g}".encode())]
        if self._script.retry_after_as == "date":
            return [(b"retry-after", formatdate(time.time() + asked_s, usegmt=True).encode())]
        return [(b"retry-after", f"{asked_s:g}".encode())]


def _as_told(text: str, behaviour: Behaviour) -> tuple[dict[str, Any], str]:
    """The message of a reply, and how it ended."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    match behaviour:
        case Behaviour.INVALID_JSON:
            message["content"] = text[: len(text) // 2] + " ]"
        case Behaviour.WRONG_SCHEMA:
            message["content"] = json.dumps({"not": "what", "was": ["asked", "for"]})
        case Behaviour.REFUSAL:
            message |= {"content": None, "refusal": "I cannot help with that."}
        case Behaviour.CONTENT_FILTER:
            message["content"] = ""
            return message, "content_filter"
        case Behaviour.LENGTH:
            message["content"] = text[: len(text) // 2]
            return message, "length"
    return message, "stop"


def _prompt(fields: dict[str, Any]) -> tuple[list[str], int]:
    """The texts of a request, and how many images it has."""
    texts, images = [], 0
    for message in fields.get("messages", []):
        content = message.get("content") or ""
        for part in [{"text": content}] if isinstance(content, str) else content:
            images += "image_url" in part
            texts += [part["text"]] if "text" in part else []
    return texts, images


def _pieces(reply: dict[str, Any], fields: dict[str, Any], behaviour: Behaviour) -> list[bytes]:
    """A reply as it is sent: in one piece, or in several."""
    if fields.get("stream"):
        return [*_events(reply)]
    data = json.dumps(reply, ensure_ascii=False).encode()
    if behaviour not in (Behaviour.CUT_OFF, Behaviour.SLOW_DRIP):
        return [data]
    size = len(data) // DRIP_PIECES + 1
    return [data[at : at + size] for at in range(0, len(data), size)]


def _events(reply: dict[str, Any]) -> Iterator[bytes]:
    """The chunks of a streamed reply."""
    (choice,) = reply["choices"]
    text = choice["message"]["content"] or ""
    head = {k: reply[k] for k in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    starts = range(0, len(text), STREAM_CHARS)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[at : at + STREAM_CHARS]} for at in starts]
    deltas += [{"refusal": said}] if (said := choice["message"]["refusal"]) else []
    for delta in deltas:
        yield _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    yield _event(head | {"choices": [last]})
    yield _event(head | {"choices": [], "usage": reply.get("usage")})
    yield b"data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
