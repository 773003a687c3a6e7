"""A language model as the judge: behind an endpoint, or on a device here."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from benchmark.judging.judge import Answer, Ask
from models.chat.chat_model import ChatModel, ChatRequest, Message
from models.faults import Fault
from resources.chat.settings import ChatSettings
from resources.engine.metering import metering


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatBenchJudge:
    """Puts each question as one message of the user: the rubric, then the pictures.

    The epoch is the seed, so that several epochs show how much the judge itself wavers.
    """

    chat: ChatModel
    label: str = ""
    """What it is called in reports; the model's name where it is empty."""
    temperature: float = 0.0
    max_tokens: int = 1024

    kind = "language model"
    version = "1"

    @property
    def lanes(self) -> int:
        """While some batches are being answered, the pictures of others are read.

        Few are asked at once, so that as many are always under way: an endpoint takes 64 at a time,
        or as many as it is said to.
        """
        most = int(getattr(self.chat, "max_in_flight", 0))
        return 2 if self._waits else max(8, most // 8)

    @property
    def at_once(self) -> int:
        """So many in a batch."""
        return 64 if self._waits else 16

    @property
    def _waits(self) -> bool:
        """Whether each call is a batch of its own, for which one waits for hours."""
        return bool(getattr(self.chat, "batch", False))

    @property
    def name(self) -> str:
        """The label, or the model."""
        return self.label or self.chat.name

    def params(self) -> Mapping[str, object]:
        """The model, and how it is asked."""
        return {
            "chat": dict(self.chat.params()),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

    def check(self) -> None:
        """See whether an endpoint's key is set.

        Raises:
            ChatError: It is not.
        """
        if isinstance(self.chat, ChatSettings):
            self.chat.key()

    def setup(self) -> None:
        """Nothing: the first question opens what it needs."""

    def answer(self, asks: Sequence[Ask]) -> list[Answer | Fault]:
        """What the model says to each.

        Raises:
            ChatError: The endpoint takes no question, or the budget is spent.
        """
        began = time.monotonic()
        with metering() as meter:
            replies = self.chat.answer([self.request(ask) for ask in asks])
        # What an earlier, interrupted run has paid for is in the ledger, and cost as much.
        each_s, each_usd = ((time.monotonic() - began) / len(asks), meter.worth_usd / len(asks))
        return [
            reply
            if isinstance(reply, Fault)
            else Answer(text=_text(reply), seconds=each_s, usd=each_usd)
            for reply in replies
        ]

    def request(self, ask: Ask) -> ChatRequest:
        """The question as a chat model takes it."""
        return ChatRequest(
            messages=(Message(role="user", parts=(ask.prompt, *ask.images)),),
            reply=ask.form,
            seed=ask.epoch,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )

    def close(self) -> None:
        """Close the connections, or let go of the device."""
        if close := getattr(self.chat, "close", None):
            close()


def _text(reply: BaseModel | str) -> str:
    return reply if isinstance(reply, str) else reply.model_dump_json()
