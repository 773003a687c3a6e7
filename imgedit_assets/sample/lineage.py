"""Where a row came from: its ancestors through parent ids, with the recipe of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imgedit_assets.sample.lookup import node_named, nodes_of
from imgedit_assets.sample.quarantine import active, marks_on
from resources.nodes import Node
from resources.schema import EditPair, Partition, Quarantine, RecipeRow, ScoredPair
from resources.store import Selection, Store

SCORE_COLUMNS = ("score", "adherence", "quality", "preservation", "dialogue_score", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of a pair."""

    id: str
    """The scored pair."""
    columns: Mapping[str, Any]
    """The scores, and the reason for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A row, how it was made, and the rows it was made from."""

    node: Node
    recipe: dict[str, Any]
    """`resources.recipes.Recipe` in words; empty where the store does not know it."""
    marks: tuple[Quarantine, ...]
    """The quarantines of this very row; those of its ancestors stand there."""
    verdicts: tuple[Verdict, ...] = ()
    """Of a pair that was asked for."""
    missing: tuple[str, ...]
    """Ids of parents that nothing is known of."""
    parents: tuple["Ancestor", ...] = field(repr=False)

    @property
    def id(self) -> str:
        """The row's id."""
        return self.node.id

    @property
    def asset(self) -> str:
        """The asset that the row is of."""
        return self.node.asset

    def walk(self) -> Iterator["Ancestor"]:
        """The row and all its ancestors, each once, the row first."""
        seen, queue = set[str](), [self]
        while queue:
            row = queue.pop(0)
            if row.id not in seen:
                seen.add(row.id)
                queue += row.parents
                yield row


def lineage(store: Store, row_id: str) -> Ancestor:
    """A row with all its ancestors.

    Args:
        store: Where to look.
        row_id: The row's id or a unique beginning of it; of a version, its row is taken.

    Raises:
        LineageError: No row has this id, or several ids begin so.
    """
    first = node_named(store, row_id)
    nodes = _with_ancestors(store, first)
    recipes = store.by_ids(RecipeRow, sorted({node.recipe_id for node in nodes.values()}))
    marks, rows = active(store), dict[str, Ancestor]()
    for node in _parents_first(nodes, first.id):
        recipe = recipes.get(node.recipe_id)
        rows[node.id] = Ancestor(
            node=node,
            recipe=json.loads(recipe.json) if recipe else {},
            marks=marks_on(marks, node),
            verdicts=tuple(_verdicts(store, node)) if node is first else (),
            missing=tuple(p for p in node.parent_ids if p not in rows),
            parents=tuple(rows[p] for p in node.parent_ids if p in rows),
        )
    return rows[first.id]


def _with_ancestors(store: Store, first: Node) -> dict[str, Node]:
    """Nodes by id: the first, its ancestors, and those that their hints name."""
    nodes = {first.id: first}
    asked, found = {first.id}, nodes
    while wanted := {i for n in found.values() for i in (*n.parent_ids, *n.hint_ids)} - asked:
        asked |= wanted
        found = nodes_of(store, sorted(wanted))
        nodes |= found
    return nodes


def _parents_first(nodes: Mapping[str, Node], row_id: str) -> list[Node]:
    """A row's lineage so that each stands after its parents."""
    ordered: dict[str, Node] = {}

    def visit(found: str) -> None:
        if found in nodes and found not in ordered:
            for parent in nodes[found].parent_ids:
                visit(parent)
            ordered[found] = nodes[found]

    visit(row_id)
    return list(ordered.values())


def _verdicts(store: Store, node: Node) -> Iterator[Verdict]:
    """What the judges say of a pair; nothing of other rows, which hold their own scores."""
    if node.asset != EditPair.TABLE:
        return
    where = Partition(ScoredPair.TABLE, node.partition).where_rows
    columns = ["id", "parent_ids", "turns", *SCORE_COLUMNS]
    (frame,) = store.frames([Selection(record=ScoredPair, columns=columns, where=where)])
    for row in frame.iter_rows(named=True):
        if node.id in row["parent_ids"]:
            said = {name: row[name] for name in SCORE_COLUMNS}
            if row["turns"] == 1:  # a single pair is no dialogue
                del said["dialogue_score"]
            yield Verdict(id=row["id"], columns=said)
