"""Turns as the JSON that rows keep."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import TypeAdapter

from models.dialogues.dialogue import Turn

_TURNS = TypeAdapter(tuple[Turn, ...])


def turns_to_json(turns: Sequence[Turn]) -> str:
    """A JSON list of turns; equal turns have equal text."""
    rows = [asdict(turn) for turn in turns]
    return json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def turns_from_json(text: str) -> tuple[Turn, ...]:
    """What `turns_to_json` wrote.

    Raises:
        ValueError: The text is something else; it says where.
    """
    return _TURNS.validate_json(text)
