"""Names by content: what a row was made from, and how, decides its id.

A recipe has two halves. Its *content* (backend, parameters, prompts) decides what a row holds and
so is part of the row's id. Its *gate* (thresholds) only decides whether a row belongs; it is part
of the unit of work, not of the row. A moved threshold is therefore decided again, but rows that
still pass keep their ids, and nothing downstream of them is redone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

ID_HEX_CHARS = 24
"""96 bits: among ten million rows two collide with a probability below 1e-15."""


def digest(*parts: str) -> str:
    """An id from an ordered list of strings; no two different lists share their encoding."""
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        hasher.update(len(raw).to_bytes(8, "big"))
        hasher.update(raw)
    return hasher.hexdigest()[:ID_HEX_CHARS]


@cache
def table_tag(table: str) -> str:
    """What the ids of a table's rows begin with: two hex digits, so an id says where to look."""
    return digest("table", table)[:2]


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces, so that equal values have equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an asset's rows are made."""

    stage: str
    version: str
    """Raised by hand when the stage's own code changes what its rows hold."""
    backend: str = ""
    """Backend name and version, and a model's id and revision where it has one."""
    params: Mapping[str, object] = field(default_factory=dict)
    """Parameters and prompt texts: whatever else decides what a row holds."""
    gate: Mapping[str, object] = field(default_factory=dict)
    """Thresholds: whatever decides only whether a row belongs."""

    @cached_property
    def content_id(self) -> str:
        """Id of everything that decides what a row holds."""
        return digest("recipe", self.stage, self.version, self.backend, canonical_json(self.params))

    @cached_property
    def id(self) -> str:
        """Id of the whole recipe, the gate included."""
        return digest(self.content_id, canonical_json(self.gate))

    def to_json(self) -> str:
        """The recipe in words, as the `recipes` table keeps it."""
        return canonical_json(
            {
                "stage": self.stage,
                "version": self.version,
                "backend": self.backend,
                "params": self.params,
                "gate": self.gate,
            }
        )
