"""Whether something that a profile names is a class that satisfies a role's protocol.

Only looks: nothing is made and no method is called. What is on a class is read without running the
descriptors and metaclasses that stand in between.
"""

import inspect
from collections.abc import Iterator
from typing import Any, Generic, Protocol

_MISSING = object()


def shortcomings(found: object, protocol: type[Any]) -> list[str]:
    """What keeps it from being a backend of a role, a few words for each; empty where nothing does.

    Args:
        found: What `module:Class` led to, whatever it is.
        protocol: The role's.
    """
    if not issubclass(type(found), type):
        return ["it is no class"]
    assert isinstance(found, type)
    if type(found).__getattribute__ is not type.__getattribute__:
        return ["its metaclass runs code when it is looked at"]
    absent, wrong = [], []
    for name, wanted in _members(protocol):
        held = inspect.getattr_static(found, name, _MISSING)
        is_text = wanted is None or isinstance(wanted, property)
        # The protocol's own is what a class that derives from it inherits.
        if held is wanted or (held is _MISSING and not (is_text and _is_field(found, name))):
            absent.append(name if is_text else f"{name}()")
        elif (
            problem := _text_problem(name, held) if is_text else _method_problem(name, held, wanted)
        ):
            wrong.append(problem)
    return [f"it has no {', '.join(absent)}", *wrong] if absent else wrong


def _members(protocol: type[Any]) -> Iterator[tuple[str, object]]:
    """The attributes of a protocol: texts, which it declares or has a property for, and methods."""
    bases = [b for b in reversed(protocol.__mro__) if b not in (object, Protocol, Generic)]
    for base in bases:
        yield from ((name, None) for name in vars(base).get("__annotations__", {}))
    for base in bases:
        for name, held in vars(base).items():
            is_method = inspect.isfunction(held) and not name.startswith("_")
            if is_method or isinstance(held, property):
                yield name, held


def _is_field(found: type, name: str) -> bool:
    """Whether its instances have it by an annotation of the class."""
    own = [base for base in found.__mro__ if not vars(base).get("_is_protocol")]
    return any(name in inspect.get_annotations(base) for base in own)


def _text_problem(name: str, held: object) -> str:
    """Of what each instance must have as a text: on the class, as a field, or as a property."""
    is_computed = hasattr(type(held), "__get__") and not inspect.isroutine(held)
    is_fine = held is _MISSING or isinstance(held, str) or is_computed
    return "" if is_fine else f"its {name} is no text"


def _method_problem(name: str, held: object, wanted: object) -> str:
    inner = held.__func__ if isinstance(held, staticmethod | classmethod) else held
    if not callable(inner) or isinstance(inner, type):
        return f"its {name} is no method"
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        return f"its {name}() is async, and nothing would wait for it"
    if inspect.isgeneratorfunction(inner):
        return f"its {name}() yields, where it has to return"
    assert callable(wanted)
    _, *taken = inspect.signature(wanted).parameters
    given = [_MISSING] * (len(taken) + (not isinstance(held, staticmethod)))
    try:
        inspect.signature(inner).bind(*given)
    except (TypeError, ValueError):
        return f"its {name}() cannot be called as {name}({', '.join(taken)})"
    return ""
