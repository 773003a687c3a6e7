"""The form of a language model's answer.

The schema is strict: every field is required and there is no other. The whole dialogue stands in it
as one text of numbered turns, which is split here.
"""

import re

from models.chat.replies import StrictReply


class RepliedOperation(StrictReply):
    """One edit of a turn."""

    operation: str
    """One of the operations that the rules list."""
    object: str
    """The object's name as it is by then."""
    target: str
    """What is put in its place, a noun without an article; empty for other operations."""
    look: str
    """The look that the result is asked to have, of those that the rules list; else empty."""


class RepliedTurn(StrictReply):
    """What a turn means."""

    starts_from: int
    """The version that it is an edit of."""
    operations: tuple[RepliedOperation, ...]


class DialogueReply(StrictReply):
    """A dialogue of several turns."""

    dialogue: str
    """The whole dialogue, each turn on its own line that begins with its number: 1. ... 2. ..."""
    premise: str
    """The look that every result has to have; empty where there is none."""
    turns: tuple[RepliedTurn, ...]
    """What each turn of the dialogue means, in its order."""


def split_turns(dialogue: str) -> list[str]:
    """The turns of a text that numbers them from 1, without their numbers."""
    spans: list[tuple[int, int]] = []
    while found := _number(len(spans) + 1).search(dialogue, spans[-1][1] if spans else 0):
        spans.append(found.span())
    ends = [start for start, _ in spans[1:]] + [len(dialogue)] * bool(spans)
    texts = [dialogue[begin:end] for (_, begin), end in zip(spans, ends, strict=True)]
    return [" ".join(text.split()) for text in texts]


def _number(turn: int) -> re.Pattern[str]:
    """Where a turn begins: "2. ", "2) " or "Turn 2: "."""
    return re.compile(rf"(?:^|\s)(?:turn\s+)?{turn}\s*[.:)](?=\s|$)", re.IGNORECASE)
