"""A request as the endpoint is sent it, and the key under which its answer is kept."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from models.chat.chat_model import ChatRequest
from models.chat.pictures import data_uri, fitted, fitted_size
from models.chat.replies import Schema, strict_schema
from models.geometry import Rgb
from resources.chat.completions import Reply, read_completion
from resources.chat.settings import ChatSettings
from resources.recipes import canonical_json

CHARS_PER_TOKEN = 4
PIXELS_PER_TOKEN = 28 * 28
"""A patch of Qwen2.5-VL, and less than those of the others: the estimate errs upwards."""

_FORM = "Answer with one JSON object of this JSON schema, and nothing besides:\n"


@dataclass(frozen=True)
class Question:
    """One request to one model. Making it is cheap; images are encoded when `body` is read."""

    request: ChatRequest
    settings: ChatSettings
    dropped: frozenset[str] = frozenset()
    """Keys of the body that the endpoint turned out not to take."""
    path = "/chat/completions"
    headers = MappingProxyType({"Content-Type": "application/json"})

    def without(self, dropped: frozenset[str]) -> "Question":
        """The same, put without some keys of the body."""
        return self if dropped == self.dropped else replace(self, dropped=dropped)

    def read(self, data: bytes, latency_s: float) -> Reply:
        """The reply that a body holds.

        Raises:
            TransientError: It is no chat completion.
        """
        return replace(read_completion(data, self.key, self.settings), latency_s=latency_s)

    @cached_property
    def key(self) -> str:
        """Names everything that the answer depends on; images go in as digests of their pixels.

        Put without some keys, it is still the same: its answer is not asked for again.
        """
        if self.dropped:
            return self.without(frozenset()).key
        told = {
            "url": self.settings.url,
            "params": self.settings.params(),
            "body": self._body([[_digest(p) for p in m.parts] for m in self.request.messages]),
        }
        return hashlib.sha256(canonical_json(told).encode()).hexdigest()

    def fields(self) -> dict[str, Any]:
        """The request's body; images are encoded each time."""
        parts = [[self._part(p) for p in m.parts] for m in self.request.messages]
        return self._body(parts)

    @cached_property
    def body(self) -> bytes:
        """The same as it goes over the wire."""
        return json.dumps(self.fields(), separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def sent(self) -> Mapping[str, Any]:
        """The body for the SDK."""
        return {"content": self.body}

    @cached_property
    def has_images(self) -> bool:
        """Whether making the body takes time."""
        return any(not isinstance(p, str) for m in self.request.messages for p in m.parts)

    @property
    def estimate_tokens(self) -> int:
        """A rough count of the tokens that the model will read."""
        form = len(json.dumps(self.schema)) // CHARS_PER_TOKEN if self.schema else 0
        return sum(map(self._tokens, self._all_parts()), form)

    @property
    def estimate_usd(self) -> float:
        """About what it will cost at most."""
        read, written = self.estimate_tokens, self.request.max_tokens
        return self.settings.usd(tokens_in=read, cached=0, tokens_out=written)

    @cached_property
    def schema(self) -> Schema | None:
        """The form of the reply; None for free text."""
        return strict_schema(self.request.reply) if self.request.reply else None

    def _all_parts(self) -> Iterator[str | Rgb]:
        for message in self.request.messages:
            yield from message.parts

    def _tokens(self, part: str | Rgb) -> int:
        if isinstance(part, str):
            return len(part) // CHARS_PER_TOKEN + 1
        height, width = part.shape[:2]
        across, down = fitted_size(
            width,
            height,
            min_pixels=self.settings.min_image_pixels,
            max_pixels=self.settings.max_image_pixels,
        )
        return across * down // PIXELS_PER_TOKEN + 1

    def _part(self, part: str | Rgb) -> dict[str, Any]:
        if isinstance(part, str):
            return {"type": "text", "text": part}
        image = fitted(
            part,
            min_pixels=self.settings.min_image_pixels,
            max_pixels=self.settings.max_image_pixels,
        )
        quality = self.settings.jpeg_quality if self.settings.is_jpeg else None
        shown = {"url": data_uri(image, jpeg_quality=quality)}
        if (detail := self.settings.image_detail) != "auto":
            shown["detail"] = detail
        return {"type": "image_url", "image_url": shown}

    def _body(self, parts: list[list[dict[str, Any]]]) -> dict[str, Any]:
        """The body around the parts of its messages."""
        asked, settings = self.request, self.settings
        messages = [
            {"role": message.role, "content": _content(content)}
            for message, content in zip(asked.messages, parts, strict=True)
        ]
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": messages,
            self._token_limit_key: asked.max_tokens,
            "temperature": asked.temperature,
            "seed": asked.seed,
        }
        if asked.reply is None:
            pass
        elif settings.reply_format == "text" or "response_format" in self.dropped:
            form = _FORM + json.dumps(self.schema, ensure_ascii=False)
            messages.insert(0, {"role": "system", "content": form})
        else:
            form_of = {"name": asked.reply.__name__, "strict": True, "schema": self.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form_of}
        omitted = self.dropped.union(settings.omit)
        return {k: v for k, v in body.items() if k not in omitted} | dict(settings.extra)

    @property
    def _token_limit_key(self) -> str:
        """As the settings say, or the other name where the endpoint does not take that one."""
        key = self.settings.token_limit_key
        other = "max_tokens" if key == "max_completion_tokens" else "max_completion_tokens"
        return other if key in self.dropped else key


def _content(parts: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    """A single text stands for itself: older servers take nothing else of a system message."""
    return parts[0]["text"] if len(parts) == 1 and "text" in parts[0] else parts


def _digest(part: str | Rgb) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    pixels = hashlib.sha256(np.ascontiguousarray(part).data).hexdigest()
    return {"image": pixels, "shape": list(part.shape)}
