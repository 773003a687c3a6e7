"""Replies as an endpoint gives them, and what they mean for the one who asked."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from models.chat.chat_model import ChatRequest
from models.chat.replies import ReplyError, read_reply
from models.faults import Fault, Reason
from resources.chat.settings import ChatSettings
from resources.retrying import TransientError

_LONGEST_QUOTE = 300


def _joined(content: object) -> object:
    """One text: some servers give it as a list of parts, as a request may."""
    if not isinstance(content, list):
        return content
    return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def _counted(count: object) -> int | None:
    """A number of tokens, however it is written; None, "it does not say", for anything else."""
    return round(count) if isinstance(count, int | float) and count >= 0 else None


_Count = Annotated[int | None, BeforeValidator(_counted)]


class _Message(BaseModel):
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Cached(BaseModel):
    cached_tokens: _Count = None


class _Usage(BaseModel):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    prompt_tokens_details: _Cached | None = None


class Completion(BaseModel):
    """What we read of a chat completion; compatible servers differ in all the rest."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A paid reply, as the ledger keeps it."""

    key: str
    url: str
    model: str
    text: str
    refusal: str
    finish: str
    tokens_in: int | None
    """None, as all that follows from it, where the endpoint does not say."""
    tokens_cached: int
    tokens_out: int | None
    usd: float | None
    created: float
    """Unix time."""
    latency_s: float = 0.0
    """From sending the request to the last byte of the reply; 0 for one of a batch."""
    batch: bool = False


def read_completion(data: bytes, key: str, settings: ChatSettings) -> Reply:
    """The reply that a body holds, at the full price.

    Raises:
        TransientError: The body is no chat completion: it was cut off, or comes from a proxy.
    """
    try:
        completion = Completion.model_validate_json(data)
    except ValidationError as error:
        said = data[:80].decode("utf-8", "replace")
        msg = f"the answer is no chat completion: {error.errors()[0]['msg']}: {said!r}"
        raise TransientError(msg) from None
    choice, usage = completion.choices[0], completion.usage or _Usage()
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details else 0
    return Reply(
        key=key,
        url=settings.url,
        model=settings.model,
        text=choice.message.content or "",
        refusal=choice.message.refusal or "",
        finish=choice.finish_reason or "",
        tokens_in=usage.prompt_tokens,
        tokens_cached=cached,
        tokens_out=usage.completion_tokens,
        usd=_usd(usage, cached, settings),
        created=time.time(),
    )


def _usd(usage: _Usage, cached: int, settings: ChatSettings) -> float | None:
    read, written = usage.prompt_tokens, usage.completion_tokens
    if read is None or written is None:
        return None if settings.is_paid else 0.0
    return settings.usd(tokens_in=read, cached=cached, tokens_out=written)


def answer_of(reply: Reply, request: ChatRequest) -> Any | Fault:  # noqa: ANN401 - `request.reply`
    """What was answered, or why the model did not answer.

    Raises:
        ReplyError: The reply is not of its form; the text says what to correct.
    """
    if reply.refusal:
        return Fault(reason=Reason.REFUSED, detail=reply.refusal[:_LONGEST_QUOTE])
    if reply.finish == "content_filter":
        detail = f"{reply.model} stopped at its content filter"
        return Fault(reason=Reason.CONTENT_FILTER, detail=detail)
    if request.reply is None:
        return reply.text
    if reply.finish == "length":
        after = "" if reply.tokens_out is None else f" after {reply.tokens_out} tokens"
        msg = f"it was cut off{after}; say it in fewer words"
        raise ReplyError(msg)
    return read_reply(reply.text, request.reply, request.check)
