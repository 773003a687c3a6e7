"""The little language of the instruction templates.

`[a|b|]` stands for one of its alternatives, the last of them empty; brackets do not nest. `{slot}`
stands for words about the subject or the target. A variant whose slots cannot all be filled is
passed over, so one list serves colours and materials, actions and mere displacements.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Literal, get_args

Wording = Literal["terse", "plain", "detailed"]
"""How much an instruction says."""

WORDINGS: tuple[Wording, ...] = get_args(Wording)

SLOTS: Mapping[str, str] = MappingProxyType(
    {
        "name": "the object, without an article",
        "article": "what introduces the object: a, an, some, a pair of",
        "a": "a or an, for the word that follows",
        "is": "is or are, for the object",
        "has": "has or have, for the object",
        "size": "rough size in words, or nothing: small",
        "place": "place in words, also before 'of the image': in the lower left corner",
        "thing": "size, name and place in one: small dog in the lower left corner",
        "it": "the object's pronoun as an object: it, him, her, them",
        "they": "the object's pronoun as a subject: it, he, she, they",
        "picture": "what the image is called: picture, photo, illustration",
        "target": "noun phrase of the result: a blue bicycle",
        "colour": "the new colour; unfilled for a material",
        "material": "noun of the new material; unfilled for a colour",
        "adjective": "the new colour or material before a noun: red, wooden",
        "before": "what the person did: walking",
        "after": "what the person does instead: running",
        "do": "what the person does, as a command: run",
        "shift": "where a thing has moved to: slightly to the left",
        "first": "a mixed type's first edit as a clause",
        "second": "a mixed type's second edit as a clause",
    }
)
"""Every slot, with what it stands for."""

OPTIONAL_SLOTS = frozenset({"size"})
"""Slots that may be filled with nothing."""

_THING = "{size} {name} {place}"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")


@cache
def variants(template: str) -> tuple[str, ...]:
    """Every way to read the choices of a template; slots stay as they are."""
    pieces = _CHOICE.split(template)
    choices = [piece.split("|") if i % 2 else [piece] for i, piece in enumerate(pieces)]
    return tuple("".join(chosen).replace("{thing}", _THING) for chosen in product(*choices))


def slots_of(text: str) -> frozenset[str]:
    """The slots named in a template or a variant."""
    return frozenset(_SLOT.findall(text))


def fill(variant: str, slots: Mapping[str, str]) -> str | None:
    """The variant with its slots filled, or None where a slot that it needs is empty."""
    for slot in slots_of(variant):
        if not slots.get(slot) and slot not in OPTIONAL_SLOTS:
            return None
    return _SLOT.sub(lambda match: slots.get(match[1], ""), variant)
