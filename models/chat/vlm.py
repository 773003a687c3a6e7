"""Vision-language models that run here: what they are asked, batch by batch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.batches import in_batches
from models.chat.chat_model import ChatRequest, Message
from models.chat.generation import Spoken, VlmSpec, Wish, generate
from models.chat.grammar import Bounds
from models.chat.pictures import fitted
from models.chat.processing import VlmProcessor, processor_of
from models.chat.replies import ReplyError, read_reply, repair, strict_schema
from models.faults import Fault, Reason
from models.hosting import Host
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A place of an answer at which one of the watched words was said."""

    before: str
    """The answer up to there."""
    odds: tuple[float, ...]
    """How likely each of the words was, among these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A free text, and how it came to the words that were watched."""

    text: str
    choices: tuple[Choice, ...]


_CHARS_PER_TOKEN = 4
_PIXELS_PER_TOKEN = 28 * 28
_IMAGES, _PROMPT_TOKENS = 2, 1024
"""Of a usual request, that of a judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVlm(Recorded):
    """A vision-language model on this machine's devices.

    Replies are decoded along their schema, so that only validators can refuse them. Each request is
    drawn from its own seed: on one kind of device its answer does not depend on its batch, but for
    the last bits of sums, which bfloat16 rounds coarsely.
    """

    weights: Weights
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    batch_size: int = 8
    min_pixels: int = 1_016_064
    """The least of an image: smaller ones are enlarged. ImgEdit-Judge was trained from 1296 tokens
    of 28 x 28 px on (ImgEdit, appendix)."""
    max_pixels: int = 1_354_752
    """The most of an image: 1728 tokens."""
    max_new_tokens: int = 1024
    """The most tokens of a reply, whatever a request allows."""
    string_chars: int = 2000
    """The most characters of a text in a reply."""
    list_items: int = 32
    """The most items of a list in a reply."""

    @property
    def name(self) -> str:
        """The checkpoint's name without its owner."""
        return self.weights.name

    @property
    def _spec(self) -> VlmSpec:
        seen = _IMAGES * self.max_pixels // _PIXELS_PER_TOKEN
        tokens = self.batch_size * (_PROMPT_TOKENS + seen + self.max_new_tokens)
        return VlmSpec(weights=self.weights, runtime=self.runtime, batch_tokens=tokens)

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        """An instance of `reply` for each request, in order; a bad reply gets one more try.

        Raises:
            CheckpointError: The checkpoint cannot be loaded.
            ImgEditError: llguidance is not installed, or a form cannot be decoded.
        """
        if not requests:
            return []
        processor = processor_of(self.weights)
        asked = [self._prepared(request, processor) for request in requests]
        answers = self._round(asked, processor)
        again = {i: answer for i, answer in enumerate(answers) if isinstance(answer, _Refused)}
        mended = [_with_repair(asked[i], refused) for i, refused in again.items()]
        answers_again = self._round(mended, processor)
        for index, answer in zip(again, answers_again, strict=True):
            answers[index] = answer.fault if isinstance(answer, _Refused) else answer
        return answers

    def watch(self, requests: Sequence[ChatRequest], words: Sequence[str]) -> list[Watched | Fault]:
        """Free texts, with the odds of some words wherever one of them was said.

        Args:
            requests: Without a form.
            words: Each a single token of the model.

        Raises:
            CheckpointError: The checkpoint cannot be loaded, or a word is no token of it.
        """
        processor = processor_of(self.weights)
        tokens = [processor.token(word) for word in words]
        asked = [self._prepared(request, processor) for request in requests]

        def heard(batch: Sequence[ChatRequest]) -> list[Watched | Fault]:
            spoken = self._spoken(batch, processor, tokens)
            return [_watched(one, tokens, processor) for one in spoken]

        return in_batches(asked, heard, size=self.batch_size, alike=_likeness)

    def _prepared(self, request: ChatRequest, processor: VlmProcessor) -> ChatRequest:
        """The request with its form in words and its images at the model's size."""
        messages = tuple(
            replace(
                message,
                parts=tuple(
                    part
                    if isinstance(part, str)
                    else fitted(
                        part,
                        min_pixels=self.min_pixels,
                        max_pixels=self.max_pixels,
                        multiple=processor.multiple_px,
                    )
                    for part in message.parts
                ),
            )
            for message in request.messages
        )
        return replace(request, messages=_with_form(messages, request))

    def _round(self, requests: Sequence[ChatRequest], processor: VlmProcessor) -> list[Any]:
        """A reply, a `_Refused` or a fault for each request."""
        return in_batches(
            requests,
            lambda batch: self._answered(batch, processor),
            size=self.batch_size,
            alike=_likeness,
        )

    def _answered(self, batch: Sequence[ChatRequest], processor: VlmProcessor) -> list[Any]:
        spoken = self._spoken(batch, processor)
        return [_read(s, r, processor) for s, r in zip(spoken, batch, strict=True)]

    def _spoken(
        self, batch: Sequence[ChatRequest], processor: VlmProcessor, watch: Sequence[int] = ()
    ) -> list[Spoken]:
        inputs = processor.inputs([request.messages for request in batch])
        bounds = Bounds(string_chars=self.string_chars, list_items=self.list_items)
        wishes = [
            Wish(
                matcher=processor.vocabulary.matcher(request.reply, bounds)
                if request.reply
                else None,
                seed=request.seed,
                temperature=request.temperature,
            )
            for request in batch
        ]
        most = min(self.max_new_tokens, batch[0].max_tokens)
        with self.host.use(self._spec) as loaded:
            return generate(
                loaded, inputs, wishes, ends=processor.ends, max_tokens=most, watch=watch
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """A reply that does not fit."""

    text: str
    error: ReplyError

    @property
    def fault(self) -> Fault:
        return Fault(reason=Reason.BAD_REPLY, detail=str(self.error))


def _with_form(messages: tuple[Message, ...], request: ChatRequest) -> tuple[Message, ...]:
    """The messages with the reply's schema told first, which all requests of a kind share."""
    if request.reply is None:
        return messages
    schema = json.dumps(strict_schema(request.reply))
    told = f"Answer with one JSON object of this schema and nothing else:\n{schema}"
    if messages[0].role != "system":
        return Message(role="system", parts=(told,)), *messages
    first = replace(messages[0], parts=(*messages[0].parts, f"\n\n{told}"))
    return first, *messages[1:]


def _with_repair(request: ChatRequest, refused: _Refused) -> ChatRequest:
    return replace(request, messages=(*request.messages, *repair(refused.text, refused.error)))


def _likeness(request: ChatRequest) -> tuple[int, int]:
    """Requests of one batch are of like length, for little padding, and may say as much."""
    parts = [part for message in request.messages for part in message.parts]
    texts = sum(len(part) // _CHARS_PER_TOKEN for part in parts if isinstance(part, str))
    images = sum(
        part.shape[0] * part.shape[1] // 784 for part in parts if not isinstance(part, str)
    )
    return (texts + images).bit_length(), request.max_tokens


_UNSOUND = Fault(
    reason=Reason.BAD_REPLY,
    detail="the model computed numbers that are not finite: try another dtype, or a checkpoint",
)


def _watched(spoken: Spoken, watch: Sequence[int], processor: VlmProcessor) -> Watched | Fault:
    if not spoken.is_sound:
        return _UNSOUND
    choices = tuple(
        Choice(before=processor.text(spoken.tokens[:at]), odds=odds)
        for at, (token, odds) in enumerate(zip(spoken.tokens, spoken.odds, strict=True))
        if token in watch
    )
    return Watched(text=processor.text(spoken.tokens), choices=choices)


def _read(spoken: Spoken, request: ChatRequest, processor: VlmProcessor) -> Any:  # noqa: ANN401 - the form
    if not spoken.is_sound:
        return _UNSOUND
    text = processor.text(spoken.tokens)
    if request.reply is None:
        return text
    try:
        return read_reply(text, request.reply, request.check)
    except ReplyError as error:
        return _Refused(text=text, error=error)
