"""Operations as the JSON that rows keep."""

from collections.abc import Sequence
from dataclasses import asdict

from pydantic import TypeAdapter

from models.edit_types.spec import Operation
from resources.recipes import canonical_json

_OPERATIONS = TypeAdapter(tuple[Operation, ...])


def operations_to_json(operations: Sequence[Operation]) -> str:
    """A JSON list of operations."""
    return canonical_json([asdict(o) for o in operations])


def operations_from_json(text: str) -> tuple[Operation, ...]:
    """What `operations_to_json` wrote."""
    return _OPERATIONS.validate_json(text)
