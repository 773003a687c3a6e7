"""An edit as OpenAI's `images.edit` and Gemini's `generateContent` are asked for it.

https://platform.openai.com/docs/api-reference/images/createEdit
https://ai.google.dev/gemini-api/docs/image-generation
"""

import base64
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from types import MappingProxyType
from typing import Any, Self

import cv2
import numpy as np
from pydantic import BaseModel, Field, ValidationError
from pydantic.alias_generators import to_camel

from models.chat.pictures import fitted
from models.faults import FaultError, Reason
from models.geometry import Rgb
from resources.picture_services.settings import ServiceSettings

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
class ServiceEdit(ABC):
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

    @property
    @abstractmethod
    def path(self) -> str:
        """Below the service's address."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, Any]:
        """The body's kind, and how the key is given."""

    @property
    @abstractmethod
    def sent(self) -> Mapping[str, Any]:
        """The body, as the SDK's `post` is given it."""

    @abstractmethod
    def read(self, data: bytes, latency_s: float) -> Painted:
        """The picture of an answer.

        Raises:
            FaultError: CONTENT_FILTER or REFUSED; BAD_REPLY for an answer without a picture: it
                came whole and may have been billed, so that it is not asked for again.
        """

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


class _Image(BaseModel):
    b64_json: str


class _ImageUsage(BaseModel):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Images(BaseModel):
    data: list[_Image] = Field(min_length=1)
    usage: _ImageUsage | None = None


class OpenAIEdit(ServiceEdit):
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
        """The picture of an answer; what it refuses, it does with an error."""
        del latency_s
        told = _parsed(_Images, data)
        usage = told.usage or _ImageUsage()
        usd = self.usd(usage.input_tokens, usage.output_tokens)
        return Painted(data=_decoded(told.data[0].b64_json), usd=usd)


class _Camel(BaseModel, alias_generator=to_camel):
    pass


class _Blob(_Camel):
    data: str


class _Part(_Camel):
    text: str | None = None
    inline_data: _Blob | None = None


class _Content(_Camel):
    parts: list[_Part] = []


class _Candidate(_Camel):
    content: _Content = _Content()
    finish_reason: str = ""
    finish_message: str = ""


class _Feedback(_Camel):
    block_reason: str = ""


class _GeminiUsage(_Camel):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None


class _Generated(_Camel):
    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback = _Feedback()
    usage_metadata: _GeminiUsage = _GeminiUsage()


_FILTERED = ("SAFETY", "PROHIBITED", "BLOCKLIST", "SPII", "RECITATION")
"""Parts of the reasons for which a filter of Gemini's ends an answer."""


class GeminiEdit(ServiceEdit):
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

        Words alone are a refusal.
        """
        del latency_s
        told = _parsed(_Generated, data)
        candidate = told.candidates[0] if told.candidates else _Candidate()
        painted = [part.inline_data.data for part in candidate.content.parts if part.inline_data]
        if painted:
            usage = told.usage_metadata
            usd = self.usd(usage.prompt_token_count, usage.candidates_token_count)
            return Painted(data=_decoded(painted[-1]), usd=usd)
        ended = told.prompt_feedback.block_reason or candidate.finish_reason
        said = " ".join(part.text for part in candidate.content.parts if part.text)
        detail = f"{self.settings.model}: {ended}: {said or candidate.finish_message}"
        is_filtered = told.prompt_feedback.block_reason or any(part in ended for part in _FILTERED)
        reason = Reason.CONTENT_FILTER if is_filtered else Reason.REFUSED
        raise FaultError(reason, detail[:_LONGEST_QUOTE])


def nearest_size(width: int, height: int) -> str:
    """Of the sizes that gpt-image models paint, the one whose aspect is nearest to a picture's."""
    asked = log(width / height)
    across, down = min(_OPENAI_SIZES, key=lambda size: abs(log(size[0] / size[1]) - asked))
    return f"{across}x{down}"


def _parsed(kind: type[Any], data: bytes) -> Any:  # noqa: ANN401 - an instance of `kind`
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        said = data[:80].decode("utf-8", "replace")
        detail = f"the answer holds no picture: {error.errors()[0]['msg']}: {said!r}"
        raise FaultError(Reason.BAD_REPLY, detail) from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FaultError(Reason.BAD_REPLY, f"the picture is no base64: {error}") from None
