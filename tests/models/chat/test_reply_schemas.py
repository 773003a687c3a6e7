"""Every form that a role asks for has to be one that strict decoding takes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from models.chat.replies import strict_schema
from models.describe.chat import DescriptionReply
from models.dialogues.parse import DialogueReply
from models.judge.chat import JudgeReply
from models.paint.expand import ExpandedReply
from models.write.meaning import InstructionReply

FORMS = (DescriptionReply, InstructionReply, DialogueReply, JudgeReply, ExpandedReply)
KNOWN = {"type", "description", "properties", "required", "additionalProperties", "items"}
"""What these forms need; every server's strict mode knows it."""
MOST_LEVELS, MOST_FIELDS = 5, 100
"""OpenAI's first limits on nesting and on properties; the later ones are wider."""


def schemas(schema: dict[str, Any], level: int = 1) -> Iterator[tuple[dict[str, Any], int]]:
    yield schema, level
    for field in schema.get("properties", {}).values():
        yield from schemas(field, level + 1)
    if "items" in schema:
        yield from schemas(schema["items"], level)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_closed_and_wants_every_field(form: type[BaseModel]) -> None:
    schema = strict_schema(form)
    parts = list(schemas(schema))
    assert schema["type"] == "object"
    for part, _ in parts:
        assert part.keys() <= KNOWN
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
    assert max(level for _, level in parts) <= MOST_LEVELS
    assert len(parts) <= MOST_FIELDS
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_worked_out_once(form: type[BaseModel]) -> None:
    assert strict_schema(form) is strict_schema(form)


@pytest.mark.parametrize("form", FORMS)
def test_each_field_says_what_it_holds(form: type[BaseModel]) -> None:
    for part, _ in schemas(strict_schema(form)):
        for name, field in part.get("properties", {}).items():
            assert field.get("description") or field["items"]["description"], name
