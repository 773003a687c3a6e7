"""What a language model is asked, and what every such model is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from models.faults import Fault
from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    parts: tuple["str | Rgb", ...]
    """Texts and images in the order they are read. What many requests share comes first, so that
    its prefix is computed once; images, which differ, come last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One question with the form of its answer."""

    messages: tuple[Message, ...]
    reply: type[BaseModel] | None
    """The answer's schema: every field required, none besides (`extra="forbid"`). Its validators
    may check more than the schema can say; what they raise is shown to the model once. None for
    free text, which is given back as it was said."""
    check: Callable[[Any], None] | None = None
    """One more check of the answer, by what only this request knows; as a validator's, its
    ValueError is shown to the model. Beside the form, which so stays the same for all requests."""
    seed: int = 0
    max_tokens: int = 1024
    temperature: float = 0.0


class ChatModel(Protocol):
    """A language model that sees images, here or behind an endpoint."""

    @property
    def name(self) -> str:
        """The model, for the rows that it made: "gpt-4.1", "Qwen2.5-VL-7B-Instruct"."""

    def params(self) -> Mapping[str, object]:
        """What its answers depend on: part of the recipe."""

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        """An instance of `reply`, or a text where that is None, for each request, in order.

        A reply that does not fit its schema is sent back once with what is wrong; then it is a
        `BAD_REPLY` fault. A model that declines is a `REFUSED` fault.
        """
