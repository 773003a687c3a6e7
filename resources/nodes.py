"""What is told of a row in its lineage, in one table for the rows of all assets.

A lineage crosses nine tables of some twenty columns. Read from there it takes 50 ms among a million
pairs, most of it for planning nine queries and decoding two hundred columns; read from here, 10.

A node stays when its row goes: a pair of an old release still tells where it came from.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from resources.schema import Dialogue, Partition, Record, Row

SHARED_COLUMNS = ("parent_ids", "recipe_id", "run_id", "seconds", "cost_usd")

KEY_COLUMNS = (
    *("uri", "sha256", "clip", "t_s", "format", "width", "height", "licence", "attribution"),
    *("aesthetic", "unsafe", "caption", "short_caption", "name", "kind", "x0", "y0", "x1", "y1"),
    *("area_frac", "mask_score", "crop_score", "label", "given_score"),
    *("instruction", "instructions", "premise", "turn", "turns", "changed_frac", "seed"),
    *("score", "adherence", "quality", "preservation", "dialogue_score", "reason"),
    *("oracle_failure", "flaw", "degree", "case_id", "task", "epoch", "status", "version_id"),
    *("source_version_id", "target_version_id", "reference_version_id", "after_version_id"),
)
"""What tells a person what a row is about, in the order in which it is told. Names of backends
stand in the recipes."""

HINTS = ("instruction_id", "image_id")
"""Columns that name an ancestor from further up, which can then be read beside the parents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow(Record):
    """A row as its lineage tells it."""

    TABLE: ClassVar[str] = "nodes"

    text: str
    """`Node` as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A row as its lineage tells it."""

    id: str
    asset: str
    parent_ids: tuple[str, ...]
    """Empty where the parents are no rows: registered source items."""
    hint_ids: tuple[str, ...]
    """Ancestors from further up."""
    recipe_id: str
    run_id: str
    partition: str
    """Its key, as Dagster has it."""
    seconds: float
    cost_usd: float
    columns: dict[str, Any]
    """The key columns that hold anything."""

    @property
    def place(self) -> Partition:
        """The partition that the row stands in."""
        return Partition(self.asset, self.partition)

    @classmethod
    def of(cls, row: Row) -> Self:
        """The node of a row."""
        shared = {name: getattr(row, name) for name in SHARED_COLUMNS}
        if not row.PARENTS:
            shared["parent_ids"] = ()
        key = {name: getattr(row, name, None) for name in KEY_COLUMNS}
        if isinstance(row, Dialogue):
            # In full; `instructions` says them in words.
            del key["turns"]
        elif key["turns"] == 1:  # a single pair is no dialogue
            key["dialogue_score"] = None
        return cls(
            id=row.id,
            asset=row.TABLE,
            partition=row.place.key,
            hint_ids=tuple(hint for name in HINTS if (hint := getattr(row, name, ""))),
            columns={name: value for name, value in key.items() if value not in ("", (), None)},
            **shared,
        )

    @classmethod
    def from_row(cls, row: NodeRow) -> Self:
        """What `to_row` wrote."""
        values = json.loads(row.text)
        for name in ("parent_ids", "hint_ids"):
            values[name] = tuple(values[name])
        return cls(id=row.id, **values)

    def to_row(self) -> NodeRow:
        """The node as the table holds it."""
        values = {c.name: getattr(self, c.name) for c in fields(self) if c.name != "id"}
        # Not sorted: the columns stand in the order in which they are told.
        return NodeRow(id=self.id, text=json.dumps(values, ensure_ascii=False))


def node_rows(rows: Sequence[Row]) -> list[NodeRow]:
    """The nodes of some rows, as the table holds them."""
    return [Node.of(row).to_row() for row in rows]
