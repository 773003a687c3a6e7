"""Stale: artefacts that hold what was put into quarantine since, or are made from one that does."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from imgedit_assets.sample.descent import Holding, holdings
from imgedit_assets.sample.lookup import nodes_of
from imgedit_assets.sample.quarantine import active, marks_on, pairs_touched
from resources.nodes import Node
from resources.releases.ours import is_there
from resources.schema import AcceptedPair, Collection, Quarantine
from resources.store import Selection, Store

CHUNK = 4096
"""Rows that have left, whose lineage is read at once."""


def stale(store: Store) -> tuple[Holding, ...]:
    """The artefacts whose files are there and that hold any quarantined row, the oldest first."""
    marks = active(store)
    if not marks:
        return ()
    spoiled = set(pairs_touched(store, marks)["id"])
    gone = _left(store)
    for start in range(0, len(gone), CHUNK):
        spoiled |= _spoiled(store, gone[start : start + CHUNK], marks)
    return tuple(held for held in holdings(store, spoiled) if held.is_there)


def _left(store: Store) -> list[str]:
    """The rows of artefacts that are no accepted pairs any more: a quarantine takes them out."""
    import polars as pl

    columns = ["path", "seal", "row_ids"]
    (held,) = store.frames([Selection(record=Collection, columns=columns)])
    there = [is_there(Path(p), s) for p, s in held.select("path", "seal").iter_rows()]
    rows = held.filter(pl.Series(there, dtype=pl.Boolean)).select(id="row_ids").explode("id")
    now = store.table_frame(AcceptedPair, ["id"])
    return list(rows.drop_nulls().unique().join(now, on="id", how="anti")["id"].sort())


def _spoiled(store: Store, row_ids: Sequence[str], marks: Sequence[Quarantine]) -> set[str]:
    """Those of some rows that a quarantine names, or any ancestor of; nodes outlive their rows."""
    nodes: dict[str, Node] = {}
    wanted = set(row_ids)
    while found := nodes_of(store, sorted(wanted)):
        nodes |= found
        wanted = {p for node in found.values() for p in node.parent_ids} - nodes.keys()

    @cache
    def is_marked(row_id: str) -> bool:
        node = nodes.get(row_id)
        return node is not None and (
            bool(marks_on(marks, node)) or any(is_marked(p) for p in node.parent_ids)
        )

    return {row_id for row_id in row_ids if is_marked(row_id)}
