"""The scripted server as an ASGI application."""

import re
from collections.abc import Awaitable, Callable

from resources.chat.server.batches import Batches
from resources.chat.server.completions import Completions
from resources.chat.server.http import Exchange, Receive, Scope, Send
from resources.chat.server.images import edit, generate, generate_content
from resources.chat.server.journal import Journal
from resources.chat.server.script import Script

Handler = Callable[..., Awaitable[None]]


class App:
    """OpenAI's chat, images, files, batches and models, Gemini's images; a journal of all of it.

    `GET /journal` tells what was asked and delivered, with `?full` each delivery's time;
    `POST /release` lets go what the script holds; `POST /script` begins anew by another script.
    """

    def __init__(self, script: Script) -> None:
        self._begin(script)

    def _begin(self, script: Script) -> None:
        self._script = script
        self._journal = Journal()
        self._completions = Completions(script, self._journal)
        batches = Batches(script, self._journal, self._completions)
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(path), handler)
            for method, path, handler in (
                ("POST", "/v1/chat/completions", self._completions.serve),
                ("POST", "/v1/images/generations", generate),
                ("POST", "/v1/images/edits", self._edit),
                ("POST", "/v1beta/models/[^/]+:generateContent", self._generate_content),
                ("GET", "/v1/models", self._models),
                ("POST", "/v1/files", batches.upload),
                ("GET", "/v1/files/([^/]+)/content", batches.content),
                ("POST", "/v1/batches", batches.create),
                ("GET", "/v1/batches", batches.listed),
                ("GET", "/v1/batches/([^/]+)", batches.retrieve),
                ("POST", "/v1/batches/([^/]+)/cancel", batches.cancel),
                ("GET", "/journal", self._told),
                ("POST", "/release", self._release),
                ("POST", "/script", self._play),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = await Exchange.begin(scope, receive, send)
        if exchange is None:
            return
        try:
            await self._serve(exchange, scope["method"], scope["path"])
        finally:
            exchange.gone.cancel()

    async def _serve(self, exchange: Exchange, method: str, path: str) -> None:
        given = exchange.header(b"authorization").removeprefix("Bearer ")
        given = given or exchange.header(b"x-goog-api-key")
        if path.startswith("/v1") and self._script.key not in ("", given):
            text = f"Incorrect API key provided: {given}"
            await exchange.answer_error(401, text, "invalid_api_key")
            return
        model = exchange.fields.get("model")
        if self._script.models and model and model not in self._script.models:
            await exchange.answer_error(404, f"no model {model}", "model_not_found")
            return
        for wanted, pattern, handler in self._routes:
            if wanted == method and (found := pattern.fullmatch(path)):
                await handler(exchange, *found.groups())
                return
        await exchange.answer_error(404, f"no {method} {path} here")

    async def _models(self, exchange: Exchange) -> None:
        names = self._script.models or ("scripted",)
        data = [{"id": n, "object": "model", "created": 0, "owned_by": "script"} for n in names]
        await exchange.answer_json({"object": "list", "data": data})

    async def _edit(self, exchange: Exchange) -> None:
        await self._completions.serve(exchange, edit)

    async def _generate_content(self, exchange: Exchange) -> None:
        await self._completions.serve(exchange, generate_content)

    async def _told(self, exchange: Exchange) -> None:
        full = b"full" in exchange.scope["query_string"]
        await exchange.answer_json(self._journal.as_json(full=full))

    async def _release(self, exchange: Exchange) -> None:
        self._completions.release()
        await exchange.answer_json({})

    async def _play(self, exchange: Exchange) -> None:
        self._begin(Script.model_validate_json(exchange.body))
        await exchange.answer_json({})
