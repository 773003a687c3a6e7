"""A language model whose answers were written down before."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from models.chat.chat_model import ChatRequest
from models.chat.replies import ReplyError, read_reply, repair
from models.faults import Fault, Reason


class Transcript:
    """Answers from recorded texts in their order, read and repaired as every chat model does."""

    name = "transcript-1"

    def __init__(self, *texts: str | Fault) -> None:
        self._texts = iter(texts)
        self.asked: list[ChatRequest] = []

    def params(self) -> Mapping[str, object]:
        return {"revision": "r1"}

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: ChatRequest) -> Any:
        self.asked.append(request)
        text = next(self._texts)
        if isinstance(text, Fault):
            return text
        try:
            return read_reply(text, request.reply, request.check)
        except ReplyError as error:
            again = replace(request, messages=(*request.messages, *repair(text, error)))
        self.asked.append(again)
        second = next(self._texts)
        assert isinstance(second, str)
        try:
            return read_reply(second, request.reply, request.check)
        except ReplyError as error:
            return Fault(reason=Reason.BAD_REPLY, detail=str(error))


@pytest.fixture
def recorded() -> Callable[..., Transcript]:
    """Makes a chat model of its answers: texts, values that become JSON, faults."""

    def model(*answers: Any) -> Transcript:
        return Transcript(
            *(
                a if isinstance(a, (str, Fault)) else json.dumps(a, ensure_ascii=False)
                for a in answers
            )
        )

    return model
