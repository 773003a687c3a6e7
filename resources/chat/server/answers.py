"""Made-up answers: of the form that was asked for, and the same whenever the same is asked."""

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from resources.chat.server.script import Rule

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)(?: to |-)(-?\d+(?:\.\d+)?)")
_WORD = re.compile(r"[^\W\d_]{3,}")
WORDS = ("soft", "plain", "round", "bright", "small", "wooden", "quiet", "green")
"""What texts are made of where the prompt has no words."""


def made_up(schema: Mapping[str, Any], prompt: str, seed: str) -> Any:  # noqa: ANN401 - JSON
    """A value of a JSON schema.

    A number lies in the bounds of its schema, or in a range such as "1 to 5" that its description
    names; a text consists of words of the prompt.

    Args:
        schema: Without references.
        prompt: All texts of the request.
        seed: A digest of the request.
    """
    words = list(dict.fromkeys(_WORD.findall(prompt[-4000:].lower()))) or list(WORDS)
    return _value(schema, words, random.Random(seed))


def answer_text(
    schema: Mapping[str, Any] | None, prompt: str, seed: str, rules: Iterable[Rule]
) -> str:
    """The text of a reply: what the first rule that matches says, or made up.

    Args:
        schema: The form that was asked for; None for free text.
        prompt: All texts of the request.
        seed: A digest of the request.
        rules: The script's.
    """
    rule, match = next(((r, m) for r in rules if (m := re.search(r.prompt, prompt))), (None, None))
    if rule and match and rule.text is not None:
        return match.expand(rule.text)
    if schema is None:
        return "A made-up answer."
    value = made_up(schema, prompt, seed)
    if rule and match and rule.reply is not None:
        value |= _filled(rule.reply, match)
    return json.dumps(value, ensure_ascii=False)


def _filled(reply: Any, match: re.Match[str]) -> Any:  # noqa: ANN401 - JSON
    """A reply with what the prompt matched in its texts."""
    if isinstance(reply, str):
        return match.expand(reply)
    if isinstance(reply, Mapping):
        return {key: _filled(value, match) for key, value in reply.items()}
    return [_filled(each, match) for each in reply] if isinstance(reply, list) else reply


def _value(schema: Mapping[str, Any], words: Sequence[str], draw: random.Random) -> Any:  # noqa: ANN401
    if "enum" in schema or "const" in schema:
        return draw.choice(schema.get("enum") or [schema["const"]])
    if "anyOf" in schema:
        some = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return _value(some[0] if some else {"type": "null"}, words, draw)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _value(field, words, draw) for name, field in fields.items()}
        case "array":
            low = int(schema.get("minItems", 1))
            n = draw.randint(low, max(low, min(int(schema.get("maxItems", 3)), low + 2)))
            return [_value(schema.get("items", {}), words, draw) for _ in range(n)]
        case _:
            return _plain(schema, words, draw)


def _plain(
    schema: Mapping[str, Any], words: Sequence[str], draw: random.Random
) -> str | float | bool | None:
    low, high = _bounds(schema)
    match schema.get("type"):
        case "integer":
            return draw.randint(int(low), int(high))
        case "number":
            # Halves: the scale of most rubrics.
            return draw.randint(int(2 * low), int(2 * high)) / 2
        case "boolean":
            return draw.random() < 0.5
        case "null":
            return None
    return " ".join(draw.choices(words, k=4))


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    """The range that a number's schema states, or its description."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None and (said := _RANGE.search(schema.get("description", ""))):
        low, high = float(said[1]), float(said[2])
    low = 0.0 if low is None else float(low)
    return low, low + 10 if high is None else float(high)
