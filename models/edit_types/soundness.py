"""What is wrong with a declaration, found as it is loaded and not in the middle of a run."""

import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from models.edit_types import templates
from models.edit_types.spec import EditType, Vocabulary

MAX_NAME = 64
"""A name is part of ids, of partition keys and of the names of files."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BRACKETS = re.compile(r"[^\[\]{}]*(?:(?:\[[^\[\]]*\]|\{[^{}]*\})[^\[\]{}]*)*")


def type_faults(edit_type: EditType) -> Iterator[str]:
    """What a forgotten comma or a misspelt word does, which Python lets pass."""
    yield from _faults(edit_type, EditType, "")


def value_faults(edit_type: EditType) -> Iterator[str]:
    """What is wrong with values of the right types."""
    yield from _naming_faults(edit_type)
    yield from _region_faults(edit_type)
    yield from _text_faults(edit_type)
    yield from _target_faults(edit_type)
    yield from _template_faults(edit_type)
    yield from _step_faults(edit_type)


def operation_faults(edit_type: EditType, types: Mapping[str, EditType]) -> Iterator[str]:
    """What does not fit the other types."""
    for operation in edit_type.operations:
        if operation not in types or types[operation].operations:
            yield (
                f"operation {operation!r} is no edit type that paints itself; name some of "
                f"{', '.join(sorted(name for name in types if not types[name].operations))}"
            )
    if edit_type.dialogue and not edit_type.operations:
        yield "its dialogues have no operations; name the types that turns may be of"
    if not edit_type.operations and not edit_type.steps:
        yield "it has neither steps nor operations; declare at least one of them"


# Types: a value against the annotation of its field


def _faults(value: object, wanted: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - a hint
    kinds, origin = get_args(wanted), get_origin(wanted)
    if isinstance(wanted, type) and is_dataclass(wanted) and isinstance(value, wanted):
        for name, hint in _hints(wanted).items():
            yield from _faults(getattr(value, name), hint, f"{where}.{name}" if where else name)
    elif origin is tuple and isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _faults(each, kinds[0], f"{where}[{number}]")
    elif origin is Mapping and isinstance(value, Mapping):
        for key, each in value.items():
            yield from _faults(key, kinds[0], f"{where}'s key")
            yield from _faults(each, kinds[1], f"{where}[{key!r:.40}]")
    elif not _fits(value, wanted):
        yield f"its {where} is {value!r:.60}; make it {_named(wanted)}{_nearest(value, wanted)}"


def _fits(value: object, wanted: Any) -> bool:  # noqa: ANN401 - a hint
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin is Callable:
        return callable(value)
    if origin is None:
        # True is an int, and 1 is good for a float.
        number = isinstance(value, int) and not isinstance(value, bool)
        return (
            number if wanted is int else isinstance(value, wanted) or (wanted is float and number)
        )
    if origin in (tuple, Mapping):
        return False
    return any(not list(_faults(value, kind, "")) for kind in get_args(wanted))


def _named(wanted: Any) -> str:  # noqa: ANN401 - a hint
    origin, kinds = get_origin(wanted), get_args(wanted)
    if origin is Literal:
        return f"one of {', '.join(kinds)}"
    if origin is Callable:
        return "a function"
    if origin in (tuple, Mapping):
        return f"a {origin.__name__.lower()}, each {_named(kinds[origin is Mapping])}"
    if origin is not None:
        return " or ".join(_named(kind) for kind in kinds)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return f"{wanted.__name__}.{' or .'.join(wanted.__members__)}"
    return "None" if wanted is NoneType else f"{'an' if wanted is int else 'a'} {wanted.__name__}"


def _nearest(value: object, wanted: Any) -> str:  # noqa: ANN401 - a hint
    if get_origin(wanted) is Literal and isinstance(value, str):
        near = get_close_matches(value, get_args(wanted), n=1)
        return f" (did you mean {near[0]!r}?)" if near else ""
    return ""


@cache
def _hints(kind: type) -> dict[str, Any]:
    # What a painting function takes and returns is not looked at, and costs an import of NumPy.
    unseen = {"PaintRequest": object, "Painting": object}
    hints = get_type_hints(kind, localns=unseen)
    return {each.name: hints[each.name] for each in fields(kind)}


# Values


def _naming_faults(edit_type: EditType) -> Iterator[str]:
    name = edit_type.name
    if not _NAME.fullmatch(name):
        yield f"name {name!r} is no partition key; use lower-case letters, digits and _"
    elif len(name) > MAX_NAME:
        yield f"name {name[:20]!r}... has {len(name)} letters; {MAX_NAME} are the most"


def _region_faults(edit_type: EditType) -> Iterator[str]:
    rule = edit_type.regions
    least = 1 if rule.kind == "object" else 0  # an edit of the whole image has no subject
    if rule.count < least:
        yield f"its regions.count is {rule.count}; make it {least} or more"
    if rule.min_gap_px < 0:
        yield f"its regions.min_gap_px is {rule.min_gap_px}; make it 0 or more"
    if not (math.isfinite(rule.max_area_frac) and 0 < rule.max_area_frac <= 1):
        yield f"its regions.max_area_frac is {rule.max_area_frac}; make it more than 0, 1 at most"
    if (talk := edit_type.dialogue) and not 2 <= talk.min_turns <= talk.max_turns:
        turns = f"{talk.min_turns} to {talk.max_turns}"
        yield f"its dialogues have {turns} turns; make it 2 or more, the fewest first"


def _text_faults(edit_type: EditType) -> Iterator[str]:
    texts = {"title": edit_type.title, "brief.task": edit_type.brief.task}
    texts |= {
        f"rubric.{f.name}": getattr(edit_type.rubric, f.name) for f in fields(edit_type.rubric)
    }
    for where, text in texts.items():
        if not text.strip():
            yield f"its {where} is empty; write it"


def _target_faults(edit_type: EditType) -> Iterator[str]:
    from models.vocabulary import APPEARANCES

    targets = edit_type.brief.targets
    if edit_type.brief.vocabulary is Vocabulary.OWN and not targets and not edit_type.dialogue:
        yield "its vocabulary is its own, but the brief has no targets; give it some"
    keys = [target.key for target in targets]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"two targets have the key {key!r}; give one of them another"
    for target in targets:
        if not target.phrase.strip():
            yield f"target {target.key!r} has no phrase; write it"
        if target.look and target.look not in APPEARANCES:
            looks = ", ".join(APPEARANCES)
            yield f"target {target.key!r} looks {target.look!r}; the looks are {looks}"


def _template_faults(edit_type: EditType) -> Iterator[str]:
    if edit_type.dialogue:
        return  # the grammar of dialogues is the writer's
    for wording in templates.WORDINGS:
        if not edit_type.brief.templates.get(wording):
            yield f"the brief has no {wording} templates; give it at least one"
    for text in (text for group in edit_type.brief.templates.values() for text in group):
        if not text.strip():
            yield "a template is empty; write it, or take it out"
        if not _BRACKETS.fullmatch(re.sub(r"\{[^{}\[\]]*\}", "", text)):
            yield f"template {text!r} has a bracket that is not closed, or one in another"
        if unknown := templates.slots_of(text) - set(templates.SLOTS):
            yield (
                f"template {text!r} uses {', '.join(sorted(unknown))}; "
                f"the slots are {', '.join(sorted(templates.SLOTS))}"
            )


def _step_faults(edit_type: EditType) -> Iterator[str]:
    for number, step in enumerate(edit_type.steps):
        if step.grow_px < 0:
            yield f"its steps[{number}].grow_px is {step.grow_px}; make it 0 or more"
        if not isinstance(step.paint, str) and not _takes_one(step.paint):
            yield f"its steps[{number}].paint takes other than one argument, the PaintRequest"


def _takes_one(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # it does not tell its arguments
        return True
    return True
