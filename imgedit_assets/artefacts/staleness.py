"""Stale: artefacts that hold what was put into quarantine since, or are made from one that does."""

from imgedit_assets.sample.descent import Holding, below, holdings
from imgedit_assets.sample.quarantine import active, marks_on, pairs_touched
from resources.object_store import are_there
from resources.schema import AcceptedPair, Collection
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
        spoiled |= below(
            store, gone[start : start + CHUNK], lambda node: bool(marks_on(marks, node))
        )
    return tuple(held for held in holdings(store, spoiled) if held.is_there)


def _left(store: Store) -> list[str]:
    """The rows of artefacts that are no accepted pairs any more: a quarantine takes them out."""
    import polars as pl

    columns = ["path", "seal", "row_ids"]
    (held,) = store.frames([Selection(record=Collection, columns=columns)])
    there = are_there(store.home, held.select("path", "seal").rows())
    rows = held.filter(pl.Series(there, dtype=pl.Boolean)).select(id="row_ids").explode("id")
    now = store.table_frame(AcceptedPair, ["id"])
    return list(rows.drop_nulls().unique().join(now, on="id", how="anti")["id"].sort())
