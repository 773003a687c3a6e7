"""An edit as OpenAI's `images.edit` and Gemini's `generateContent` are asked for it.

https://platform.openai.com/docs/api-reference/images/createEdit
https://ai.google.dev/gemini-api/docs/image-generation
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import log
from types import MappingProxyType
from typing import Any, Self

import cv2
import numpy as np
from pydantic.alias_generators import to_camel

from models.chat.pictures import fitted
from models.faults import FaultError, Reason
from models.geometry import Rgb
from resources.picture_services.settings import ServiceSettings
from resources.reading import parse_json

_OPENAI_SIZES = ((1024, 1024), (1536, 1024), (1024, 1536))
_LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """A picture that was paid for."""

    data: bytes
    """Its file."""
    usd: float | None
    """None where there is no telling."""


@dataclass(frozen=True, kw_only=True)
class _ServiceEdit:
    """One edit, asked of one service; its pictures are encoded when `sent` is read."""

    settings: ServiceSettings
    instruction: str
    pictures: Sequence[Rgb]
    """The source, and what else the instruction speaks of."""
    seed: int
    options: Mapping[str, str]
    """Further fields that the service knows, such as `size`."""
    has_images = True

    @cached_property
    def key(self) -> str:
        """Names the request."""
        told = [self.settings.url, self.settings.model, self.instruction, str(self.seed)]
        hashed = hashlib.sha256("\0".join(told).encode())
        for picture in self.pictures:
            hashed.update(np.ascontiguousarray(picture).data)
        return hashed.hexdigest()

    def without(self, dropped: frozenset[str]) -> Self:
        """The same: a service that does not take a field refuses the request."""
        del dropped
        return self

    def encoded(self) -> list[bytes]:
        """The pictures as PNG, none with more pixels than the settings allow."""
        bounds = {"min_pixels": 1, "max_pixels": self.settings.max_image_pixels}
        shown = [fitted(picture, **bounds)[..., ::-1] for picture in self.pictures]
        return [cv2.imencode(".png", picture)[1].tobytes() for picture in shown]

    def usd(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """The price of an answer."""
        settings = self.settings
        if tokens_in is None or tokens_out is None:
            return settings.usd_per_image or (None if settings.is_paid else 0.0)
        by_token = settings.usd(tokens_in=tokens_in, cached=0, tokens_out=tokens_out)
        return settings.usd_per_image + by_token


class OpenAIEdit(_ServiceEdit):
    """For gpt-image models, which GPT-4o-Image is served as."""

    path = "/images/edits"

    headers = MappingProxyType({"Content-Type": "multipart/form-data"})

    @cached_property
    def sent(self) -> Mapping[str, Any]:
        """A form with the pictures in it."""
        height, width = self.pictures[0].shape[:2]
        fields = {"model": self.settings.model, "prompt": self.instruction, "n": "1"}
        fields |= {"size": nearest_size(width, height), **self.options}
        files = [("image[]", (f"{n}.png", d, "image/png")) for n, d in enumerate(self.encoded())]
        return {"body": fields, "files": files}

    def read(self, data: bytes, latency_s: float) -> Painted:
        """The picture of an answer; what it refuses, it does with an error.

        Raises:
            FaultError: BAD_REPLY: it came whole and holds none, so that it is not asked for again.
        """
        del latency_s
        with _understood(data):
            told = parse_json(data)
            usage = told.get("usage") or {}
            return Painted(
                data=_decoded(told["data"][0]["b64_json"]),
                usd=self.usd(usage.get("input_tokens"), usage.get("output_tokens")),
            )


_FILTERED = ("SAFETY", "PROHIBITED", "BLOCKLIST", "SPII", "RECITATION")
"""Parts of the reasons for which a filter of Gemini's ends an answer."""


class GeminiEdit(_ServiceEdit):
    """For Gemini's models that paint, from 2.0 Flash on."""

    @property
    def path(self) -> str:
        """The model's own."""
        return f"/models/{self.settings.model}:generateContent"

    @property
    def headers(self) -> Mapping[str, Any]:
        """Its way of giving the key: with OpenAI's beside it, Google refuses both."""
        from openai import Omit

        kind = {"Content-Type": "application/json", "Authorization": Omit()}
        return {**kind, "x-goog-api-key": self.settings.key()}

    @cached_property
    def sent(self) -> Mapping[str, Any]:
        """JSON with the pictures in it."""
        parts: list[dict[str, Any]] = [{"text": self.instruction}]
        for data in self.encoded():
            shown = base64.b64encode(data).decode("ascii")
            parts.append({"inlineData": {"mimeType": "image/png", "data": shown}})
        config: dict[str, Any] = {"responseModalities": ["TEXT", "IMAGE"], "seed": self.seed}
        if self.options:
            config["imageConfig"] = {to_camel(key): value for key, value in self.options.items()}
        contents = [{"role": "user", "parts": parts}]
        body = {"contents": contents, "generationConfig": config}
        return {"content": json.dumps(body).encode()}

    def read(self, data: bytes, latency_s: float) -> Painted:
        """The picture of an answer, of several the last, which is the finished one.

        Raises:
            FaultError: CONTENT_FILTER; REFUSED: it answered in words alone; BAD_REPLY as of OpenAI.
        """
        del latency_s
        with _understood(data):
            told = parse_json(data)
            candidate = (told.get("candidates") or [{}])[0]
            parts = candidate.get("content", {}).get("parts", [])
            if painted := [part["inlineData"]["data"] for part in parts if "inlineData" in part]:
                usage = told.get("usageMetadata", {})
                usd = self.usd(usage.get("promptTokenCount"), usage.get("candidatesTokenCount"))
                return Painted(data=_decoded(painted[-1]), usd=usd)
            blocked = told.get("promptFeedback", {}).get("blockReason", "")
            ended = blocked or candidate.get("finishReason", "")
            said = " ".join(part["text"] for part in parts if "text" in part)
        is_filtered = blocked or any(part in ended for part in _FILTERED)
        reason = Reason.CONTENT_FILTER if is_filtered else Reason.REFUSED
        raise FaultError(reason, f"{self.settings.model}: {ended}: {said}"[:_LONGEST_QUOTE])


def nearest_size(width: int, height: int) -> str:
    """Of the sizes that gpt-image models paint, the one whose aspect is nearest to a picture's."""
    asked = log(width / height)
    across, down = min(_OPENAI_SIZES, key=lambda size: abs(log(size[0] / size[1]) - asked))
    return f"{across}x{down}"


@contextmanager
def _understood(data: bytes) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        said = data[:80].decode("utf-8", "replace")
        detail = f"the answer holds no picture ({type(error).__name__}: {error}): {said!r}"
        raise FaultError(Reason.BAD_REPLY, detail) from None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


ServiceEdit = OpenAIEdit | GeminiEdit
