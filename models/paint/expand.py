"""A few words more for a painter: a target's noun phrase, expanded into a description.

Pipelines that read words paint "a golden bicycle with polished spokes" better than "a bicycle".
Both expanders answer for the kinds that put something new there: insert, recolour, backdrop and
stylise.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import field_validator

from models.chat.chat_model import ChatModel, ChatRequest, Message
from models.chat.prompts import answers, prompt_file, prompt_text, wording
from models.chat.replies import StrictReply
from models.faults import Fault, FaultError, Reason
from models.painting import PaintRequest
from models.recorded import Recorded, recorded
from models.vocabulary import PaintKind
from models.write.english import head
from models.write.targets import words_of

_PROMPT = ("models.paint", "expand.toml")

LEAST_WORDS, MOST_WORDS = 6, 40
"""CLIP reads 77 tokens, some 50 words, and a workflow's own words come besides."""

_TABLES = {
    PaintKind.INSERT: "looks",
    PaintKind.RECOLOUR: "looks",
    PaintKind.BACKDROP: "backdrops",
    PaintKind.STYLISE: "styles",
}


class ExpandedReply(StrictReply):
    """What is to be painted."""

    description: str
    """A noun phrase, as the caption of a picture would say it."""

    @field_validator("description")
    @classmethod
    def _is_short(cls, text: str) -> str:
        words = text.split()
        if not 0 < len(words) <= MOST_WORDS:
            msg = f"{len(words)} words, at most {MOST_WORDS} are wanted"
            raise ValueError(msg)
        return " ".join(words).rstrip(".")


class TableExpander:
    """Adds what a data file says of a vocabulary's key; other targets keep their phrase."""

    def params(self) -> Mapping[str, object]:
        """The data file."""
        return {"expander": hashlib.sha256(prompt_text(*_PROMPT).encode()).hexdigest()[:16]}

    def __call__(self, requests: Sequence[PaintRequest]) -> list[str | Fault]:
        """A description of each request's target, or a fault where it has none."""
        return [_from_table(r) if _phrase(r) else _nothing(r) for r in requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatExpander(Recorded):
    """Lets a language model describe each target; it sees the words of a request, not its image."""

    chat: ChatModel
    temperature: float = 0.7
    """Above 0, for subjects that vary; the request's seed is sent along."""
    max_tokens: int = 256

    def params(self) -> Mapping[str, object]:
        """All that changes an answer, and the wording."""
        return recorded(self) | {"wording": wording([_PROMPT], ExpandedReply)}

    def __call__(self, requests: Sequence[PaintRequest]) -> list[str | Fault]:
        """A description of each request's target, or a fault where it has none."""
        return answers(self.chat, requests, self._asked, lambda _, reply: str(reply.description))

    def _asked(self, request: PaintRequest) -> ChatRequest:
        if not (phrase := _phrase(request)):
            fault = _nothing(request)
            raise FaultError(fault.reason, fault.detail)
        words = prompt_file(*_PROMPT)
        told: str = words["prompt"].format(least=LEAST_WORDS, most=MOST_WORDS)
        asked = {
            "what": phrase,
            "use": words["uses"][str(request.kind)],
            "there_now": request.name,
        }
        return ChatRequest(
            messages=(
                Message(role="system", parts=(told.strip(),)),
                Message(role="user", parts=(json.dumps(asked, ensure_ascii=False),)),
            ),
            reply=ExpandedReply,
            check=partial(_check, phrase),
            seed=request.seed,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


def _check(phrase: str, reply: ExpandedReply) -> None:
    noun = head(phrase)
    if words_of(reply.description).isdisjoint(words_of(noun)):
        msg = f"the description has no {noun!r}, so it is not of {phrase!r}"
        raise ValueError(msg)


def _phrase(request: PaintRequest) -> str:
    """What is to be described; "" of kinds that put nothing new there."""
    return request.target.phrase.strip() if request.kind in _TABLES else ""


def _nothing(request: PaintRequest) -> Fault:
    detail = f"{request.kind} of {request.name!r} names no target to describe"
    return Fault(reason=Reason.UNPAINTABLE, detail=detail)


def _from_table(request: PaintRequest) -> str:
    table = prompt_file(*_PROMPT)[_TABLES[PaintKind(str(request.kind))]]
    more = table.get(request.target.look) or table.get(request.target.key)
    return f"{request.target.phrase} {more}" if more else request.target.phrase
