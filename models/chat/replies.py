"""The form of a reply: its schema for the model, and what a text means by it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from models.chat.chat_model import Message
from models.faults import ImgEditError

Answer = TypeVar("Answer", bound=BaseModel)
Schema = dict[str, Any]

MOST_FAULTS = 8
"""Faults of one reply that the model is told of; with more it has misread the whole form."""
LONGEST_QUOTE = 80
"""Characters of a wrong value that are repeated."""

_KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf"}
    | {"description"}
)
"""What every server's strict decoding knows; bounds, patterns and defaults are not among it."""
_FIRST_KEY = re.compile(r"\{\s*[\"']")
"""How an object begins; in plain words braces stand too."""
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class StrictReply(BaseModel):
    """A part of a reply: every field is required, and there is no other."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ReplyError(ValueError):
    """A text is no reply of the form; the message tells the model what is wrong."""


@cache
def strict_schema(reply: type[BaseModel]) -> Schema:
    """The JSON schema of a reply for strict decoding, every reference inlined; do not change it.

    Raises:
        ImgEditError: The type says what strict decoding cannot: a default, a bound, a free object.
    """
    whole = reply.model_json_schema()
    schema = _inlined(whole, whole.get("$defs", {}))
    if faults := list(_loose_ends(schema, reply.__name__)):
        msg = f"not a strict schema: {'; '.join(faults)}; check such things in a validator"
        raise ImgEditError(msg)
    return schema


def _inlined(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """A schema without references and without titles, which repeat the names of the fields."""
    if reference := schema.get("$ref"):
        named = definitions[reference.rpartition("/")[2]]
        # What a field says of itself goes before what its type says.
        return _inlined({**named, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    plain: Schema = {k: v for k, v in schema.items() if k not in ("$defs", "title")}
    if "properties" in plain:
        fields = plain["properties"].items()
        plain["properties"] = {name: _inlined(field, definitions) for name, field in fields}
    if "items" in plain:
        plain["items"] = _inlined(plain["items"], definitions)
    if "anyOf" in plain:
        plain["anyOf"] = [_inlined(each, definitions) for each in plain["anyOf"]]
    return plain


def _loose_ends(schema: Schema, place: str) -> Iterator[str]:
    if unknown := schema.keys() - _KEYWORDS:
        yield f"{place} has {', '.join(sorted(unknown))}"
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            yield f"{place} takes fields that it does not name"
        if set(schema.get("required", ())) != fields.keys():
            yield f"{place} has fields that are not required"
        for name, field in fields.items():
            yield from _loose_ends(field, f"{place}.{name}")
    for each in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _loose_ends(each, f"{place}[]")


def read_reply(
    text: str, reply: type[Answer], check: Callable[[Answer], None] | None = None
) -> Answer:
    """The reply that a text holds, be it fenced, or with thoughts and words around it.

    The last JSON object that fits is taken: what stands before it may be an example or a draft.

    Args:
        text: What the model said.
        reply: The form.
        check: Raises a ValueError, which tells the model what is wrong, where a reply of the form
            still does not fit.

    Raises:
        ReplyError: There is none; the text says what to correct.
    """
    objects, broken = _objects(_THOUGHTS.sub("", text))
    faults = broken
    for found in reversed(objects):
        try:
            answer = reply.model_validate_json(found)
            if check:
                check(answer)
        except ValidationError as error:
            faults = faults or _told(error)
        except ValueError as error:
            faults = faults or str(error)
        else:
            return answer
    raise ReplyError(faults or "the answer holds no JSON object; answer with JSON alone")


def repair(text: str, error: ReplyError) -> tuple[Message, Message]:
    """What a conversation goes on with, for the one repair round."""
    asked = f"That does not fit: {error}. Answer once more, all of it, with corrected JSON alone."
    return Message(role="assistant", parts=(text,)), Message(role="user", parts=(asked,))


def _objects(text: str) -> tuple[list[str], str]:
    """The outermost JSON objects of a text, and what is wrong with the first that is malformed."""
    decoder, found, broken, at = json.JSONDecoder(), [], "", text.find("{")
    while at >= 0:
        end = at + 1
        try:
            _, end = decoder.raw_decode(text, at)
            found.append(text[at:end])
        except json.JSONDecodeError as error:
            if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
                msg = "the JSON breaks off before its end; say it in fewer words"
                raise ReplyError(msg) from None
            near = text[max(0, error.pos - 20) : error.pos + 20]
            if not broken and _FIRST_KEY.match(text, at):
                broken = f"the JSON is malformed: {error.msg} near {near!r}"
        except (ValueError, RecursionError):  # a number of thousands of digits, endless brackets
            msg = "the JSON is malformed"
            raise ReplyError(msg) from None
        at = text.find("{", end)
    return found, broken


def _told(error: ValidationError) -> str:
    """The faults, each with its field and value."""
    faults = []
    for fault in error.errors(include_url=False)[:MOST_FAULTS]:
        place = ".".join(map(str, fault["loc"]))
        words = fault["msg"].removeprefix("Value error, ")
        # A check of a whole object speaks for itself; its value is the whole reply.
        given = fault["input"]
        quoted = "" if isinstance(given, (dict, list, BaseModel)) else f", not {_quoted(given)}"
        said = words if fault["type"] == "value_error" else f"{words}{quoted}"
        faults.append(f"{place}: {said}" if place else said)
    left = error.error_count() - len(faults)
    return "; ".join(faults) + (f"; and {left} more" if left > 0 else "")


def _quoted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."
