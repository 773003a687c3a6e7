"""What every role of a language model shares: its words, which are data files, and questions."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from models.chat.chat_model import ChatModel, ChatRequest, Message
from models.chat.replies import strict_schema
from models.faults import Fault, FaultError
from models.recorded import Recorded, recorded

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRole(Recorded):
    """A role that a language model plays."""

    version = "1"
    prompts: ClassVar[Sequence[tuple[str, str]]]
    """Package and name of each prompt file."""
    form: ClassVar[type[BaseModel]]
    """Of its replies."""

    chat: ChatModel
    temperature: float = 0.0
    max_tokens: int
    batch_size: int
    """Requests that are put to the model together."""

    @property
    def name(self) -> str:
        """Which model answers."""
        return f"chat {self.chat.name}"

    def setup(self) -> None:
        """Read the prompts."""
        for prompt in self.prompts:
            prompt_file(*prompt)

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording(self.prompts, self.form)}

    def question(
        self,
        messages: tuple[Message, ...],
        *,
        check: Callable[[Any], None] | None = None,
        seed: int = 0,
    ) -> ChatRequest:
        """What the model is asked."""
        return ChatRequest(
            messages=messages,
            reply=self.form,
            check=check,
            seed=seed,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


@cache
def prompt_file(package: str, name: str) -> Mapping[str, Any]:
    """A TOML file of texts that stands in a package."""
    found: Mapping[str, Any] = tomllib.loads(prompt_text(package, name))
    return found


def prompt_text(package: str, name: str) -> str:
    """The same file as it is written."""
    return files(package).joinpath(name).read_text("utf-8")


def wording(prompts: Sequence[tuple[str, str]], *replies: type[BaseModel]) -> str:
    """16 hex digits of the prompts' texts and the forms of the replies, on which answers depend.

    Args:
        prompts: Package and name of each prompt file.
        replies: The forms.
    """
    texts = [prompt_text(*prompt) for prompt in prompts]
    forms = [json.dumps(strict_schema(reply), sort_keys=True) for reply in replies]
    return hashlib.sha256("\0".join([*texts, *forms]).encode()).hexdigest()[:16]


def answers(
    chat: ChatModel,
    items: Sequence[Item],
    ask: Callable[[Item], ChatRequest],
    read: Callable[[Item, Any], Made],
) -> list[Made | Fault]:
    """Ask about every item at once, and read what comes back.

    Args:
        chat: The model.
        items: What to ask about.
        ask: The request for an item; may raise a FaultError where nothing can be asked.
        read: What a reply to an item's request means; may raise a FaultError.

    Returns:
        What was made of each item, or its fault, in order.
    """
    asked = [_or_fault(partial(ask, item)) for item in items]
    replies = iter(chat.answer([request for request in asked if isinstance(request, ChatRequest)]))
    given = [next(replies) if isinstance(request, ChatRequest) else request for request in asked]
    return [
        reply if isinstance(reply, Fault) else _or_fault(partial(read, item, reply))
        for item, reply in zip(items, given, strict=True)
    ]


def _or_fault(make: Callable[[], Made]) -> Made | Fault:
    try:
        return make()
    except FaultError as error:
        return error.fault
