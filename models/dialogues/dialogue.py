"""What a dialogue writer takes and returns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from models.edit_types.spec import EditType, Operation
from models.write.instruction import Subject

Reference = Literal["name", "pronoun", "ellipsis", "position", "premise", "version"]
"""How a turn says what it is about: by name, "it", leaving it out, "the one on the left", by the
premise of the first turn alone, or by the version to go back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn: what the user says, and what it means."""

    instruction: str
    """At most 30 words."""
    starts_from: int
    """The version it is an edit of: 0 is the image as given, k the result of turn k."""
    operations: tuple[Operation, ...]
    """What it asks for, every reference resolved: names are those of the subjects as they are by
    then. `Operation.subject` indexes the request's subjects; an object that took the place of
    another keeps its subject."""
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueRequest:
    """What a dialogue is to be about."""

    edit_type: EditType
    """Its dialogue rule says the ability and the number of turns."""
    edit_types: Mapping[str, EditType] = field(default_factory=dict)
    """The types that its turns may be of, by name."""
    caption: str
    subjects: tuple[Subject, ...]
    width: int
    height: int
    seed: int
    drawn: bool = False
    """Whether the image is an illustration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDialogue:
    """A dialogue."""

    turns: tuple[Turn, ...]
    premise: str = ""
    """Memory: the look that every later result must have, a key of
    `models.vocabulary.APPEARANCES`."""


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
