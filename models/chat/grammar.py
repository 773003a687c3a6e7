"""Decoding that cannot leave the form: at each token only what some valid reply goes on with.

The work is done by llguidance (MIT), which walks a JSON schema byte by byte along the vocabulary.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from models.faults import ImgEditError

INSTALL = "pip install llguidance==1.9.1"

MOST_DIGITS = 4
"""Of a number that says nothing of its bounds."""
STEP = 0.01
"""Between such numbers if they are not whole: without one a model may write decimals for ever."""

# As `json.dumps` writes it, which is what models have read most; no free space to get lost in.
_LAYOUT: Any = {
    "whitespace_flexible": False,
    "key_separator": ": ",
    "item_separator": ", ",
    "json_allowed_escapes": '"\\\\n',
}
_CHOICES = ("enum", "const", "pattern", "format")
_FORMS = 64
"""Compiled grammars that are kept; a run asks for a handful of forms."""


class Decoded:
    """Narrows a field of a reply for decoding alone, beyond what a strict schema may say.

    For instance `score: Annotated[float, Decoded(minimum=1, maximum=5, multipleOf=0.5)]`. Endpoints
    are not sent it, so validators still have to check it.
    """

    def __init__(self, **bounds: float) -> None:
        self.bounds = bounds

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The bounds, in the schema of serialisation: the strict one is that of validation."""
        schema: dict[str, Any] = handler(core)
        return schema | self.bounds if handler.mode == "serialization" else schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """An end to what could go on for ever; a field that says its own bound keeps it."""

    string_chars: int
    list_items: int


def decoding_schema(reply: type[BaseModel], bounds: Bounds) -> dict[str, Any]:
    """A reply's JSON schema in which every value has an end."""
    ended: dict[str, Any] = _ended(reply.model_json_schema(mode="serialization"), bounds)
    return ended


def _ended(schema: Any, bounds: Bounds) -> Any:  # noqa: ANN401 - any part of a JSON schema
    if isinstance(schema, list):
        return [_ended(part, bounds) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    inner = {key: _ended(part, bounds) for key, part in schema.items()}
    return _limits(schema, bounds) | inner


def _limits(schema: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    if any(key in schema for key in _CHOICES):
        return {}
    most = 10**MOST_DIGITS - 1
    limits: Mapping[object, dict[str, Any]] = {
        "string": {"maxLength": bounds.string_chars},
        "array": {"maxItems": bounds.list_items},
        "integer": {"minimum": -most, "maximum": most},
        "number": {"minimum": -most, "maximum": most, "multipleOf": STEP},
    }
    # A field may be called "type": then this is no text.
    kind = schema.get("type")
    return limits.get(kind, {}) if isinstance(kind, str) else {}


class TokenVocabulary:
    """A model's tokens as a grammar sees them; made once for each tokenizer."""

    def __init__(self, tokenizer: Any, *, size: int, ends: tuple[int, ...]) -> None:  # noqa: ANN401 - of transformers
        """Read a tokenizer.

        Args:
            tokenizer: A fast one of transformers.
            size: Columns of the model's logits: at least the tokenizer's tokens.
            ends: Ids that end an answer.

        Raises:
            ImgEditError: llguidance is not installed.
        """
        try:
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            msg = f"language models that run here need llguidance: {INSTALL}"
            raise ImgEditError(msg) from error
        self.size = size
        self._tokens = from_tokenizer(tokenizer, n_vocab=size, eos_token=list(ends))
        self._start = lru_cache(maxsize=_FORMS)(self._compiled)

    def matcher(self, reply: type[BaseModel], bounds: Bounds) -> Any:  # noqa: ANN401 - llguidance's LLMatcher
        """What follows one answer from its first token on.

        Raises:
            ImgEditError: The form cannot be decoded by its schema.
        """
        return self._start(reply, bounds).deep_copy()

    def _compiled(self, reply: type[BaseModel], bounds: Bounds) -> Any:  # noqa: ANN401 - as above
        from llguidance import LLMatcher

        schema = json.dumps(decoding_schema(reply, bounds))
        grammar = LLMatcher.grammar_from_json_schema(schema, overrides=_LAYOUT)
        matcher = LLMatcher(self._tokens, grammar, log_level=0)
        if matcher.is_error():
            why = matcher.get_error()
            msg = f"the form {reply.__name__} cannot be decoded by its schema: {why}"
            raise ImgEditError(msg)
        return matcher
