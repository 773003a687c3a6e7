"""What a recipe says of a backend: every field of it, but for those with a reason to be left out.

A parameter that a recipe forgot would let old rows pass for new ones. So none is listed by hand: a
new field is recorded by itself, and leaving one out takes an entry that gives the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar

UNRECORDED: Mapping[str, str] = MappingProxyType(
    {
        "host": "whoever owns the models, they answer alike",
        "batch_size": "how many are answered at once, not what",
    }
)
"""Fields of any backend that answers do not depend on, each with its reason."""


class Recorded:
    """A dataclass whose `params` are its fields."""

    __slots__ = ()

    unrecorded: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Further fields that answers do not depend on, each with its reason."""

    def params(self) -> Mapping[str, object]:
        """All that changes an answer: part of the recipe."""
        return recorded(self)


def recorded(backend: Recorded) -> dict[str, object]:
    """The fields of a backend by name, as JSON can hold them.

    Raises:
        TypeError: A field holds what no recipe can say.
    """
    left_out = UNRECORDED.keys() | backend.unrecorded.keys()
    values: Any = backend
    return {
        field.name: _said(field.name, getattr(backend, field.name))
        for field in fields(values)
        if field.init and field.name not in left_out
    }


def _said(name: str, value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if callable(params := getattr(value, "params", None)):
        # What has a version has a name as well: two workflows may have equal parameters.
        version = getattr(value, "version", None)
        named = {"name": getattr(value, "name", ""), "version": version} if version else {}
        return {**named, **params()}
    if isinstance(value, Mapping):
        return {str(key): _said(name, one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_said(name, one) for one in value]
    msg = f"a recipe cannot say {name} = {value!r}: give it `params`, or a reason in `unrecorded`"
    raise TypeError(msg)
