"""Quarantine: somebody's word that some rows, and all that was made of them, are not to be used."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imgedit_assets.sample.descent import SEED_COLUMNS, Seed, SeedKind, ancestry, descend
from imgedit_assets.sample.lookup import full_id, node_named
from models.faults import ImgEditError
from resources.filters import one_of, quoted
from resources.nodes import Node
from resources.recipes import Recipe, digest
from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    EditRow,
    Head,
    Quarantine,
    RecipeRow,
    RetriedPair,
    ScoredPair,
)
from resources.store import Selection, Store

if TYPE_CHECKING:
    import polars as pl


_JUDGED = (ScoredPair.TABLE, RetriedPair.TABLE)

SELECTED_BY: tuple[SeedKind, ...] = ("row", "recipe", "source", "run")
"""The kinds of things that can be quarantined."""


class QuarantineError(ImgEditError):
    """What is to be quarantined, or let out again, is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What is to be quarantined."""

    kind: SeedKind
    value: str
    """An id or a unique beginning of it, a source's URI, or a run id."""


def mark(store: Store, selector: Selector, why: str, who: str) -> Quarantine:
    """Quarantine what a selector names; one that holds already keeps the new reason as well.

    Raises:
        ImgEditError: There is no such row, recipe, source or run.
    """
    made = drafted(store, selector, why, who)
    for known in active(store):
        if (known.kind, known.value) == (made.kind, made.value):
            if why in known.why:
                return known
            longer = replace(known, why=f"{known.why}; {why} ({who})")
            store.upsert(Quarantine, [longer])
            return longer
    store.insert(Quarantine, [made])
    return made


def drafted(store: Store, selector: Selector, why: str, who: str) -> Quarantine:
    """The quarantine that `mark` would write down.

    Raises:
        ImgEditError: There is no such row, recipe, source or run.
    """
    value, at = _resolved(store, selector), _now()
    return Quarantine(
        id=digest("quarantine", selector.kind, value, at),
        kind=selector.kind,
        value=value,
        why=why,
        who=who,
        at=at,
        undone_by="",
        undone_at="",
    )


def undo(store: Store, quarantine_id: str, who: str) -> Quarantine:
    """Let out again what a quarantine took out.

    Args:
        store: Where it is written down.
        quarantine_id: Its id or a unique beginning of it.
        who: Who says so.

    Raises:
        ImgEditError: There is no such quarantine, or it was undone before.
    """
    _, found = full_id(store, (Quarantine,), quarantine_id)
    made = store.by_ids(Quarantine, [found])[found]
    if made.undone_by:
        msg = f"quarantine {found} was undone by {made.undone_by} at {made.undone_at}"
        raise QuarantineError(msg)
    undone = replace(made, undone_by=who, undone_at=_now())
    store.upsert(Quarantine, [undone])
    return undone


def active(store: Store) -> tuple[Quarantine, ...]:
    """The quarantines that hold, the oldest first."""
    return tuple(sorted(store.select(Quarantine, "undone_by = ''"), key=lambda mark: mark.at))


def hits(
    store: Store, rows: Sequence[EditRow], marks: Sequence[Quarantine]
) -> dict[str, Quarantine]:
    """Which rows of one partition are quarantined, themselves or by an ancestor.

    Args:
        store: Where their ancestors are.
        rows: Rows of one partition, all of one table.
        marks: The quarantines that hold. Without any, nothing is read.

    Returns:
        By row id, a quarantine that takes the row out.
    """
    if not marks or not rows:
        return {}
    first, by_id = rows[0], {mark.id: mark for mark in marks}
    found = descend(
        store,
        [first.shard],
        _seeds(marks),
        records=[*ancestry(type(first)), type(first)],
        edit_type=first.edit_type,
    )
    seeds = dict(found.select("id", "seed").iter_rows())
    return {row.id: by_id[seeds[row.id]] for row in rows if row.id in seeds}


def marks_on(marks: Sequence[Quarantine], node: Node) -> tuple[Quarantine, ...]:
    """The quarantines that name a row itself."""
    own = {
        ("row", node.id),
        ("recipe", node.recipe_id),
        ("run", node.run_id),
        *([] if node.parent_ids else [("source", node.columns.get("uri", ""))]),
    }
    return tuple(mark for mark in marks if (mark.kind, mark.value) in own)


def partitions_touched(store: Store, marks: Sequence[Quarantine]) -> set[str]:
    """The keys of the accepted pairs' partitions that quarantines change."""
    import polars as pl

    scored = pairs_touched(store, marks).filter(pl.col("asset").is_in(_JUDGED))
    where = f"asset = {quoted(AcceptedPair.TABLE)}"
    key = pl.concat_str("edit_type", "shard", separator="|")
    return set(scored.select(key).to_series()) & set(store.column(Head, "partition", where))


def pairs_touched(store: Store, marks: Sequence[Quarantine]) -> "pl.DataFrame":
    """`id`, `asset`, `edit_type`, `shard` of the judged and accepted pairs that they take out."""
    import polars as pl

    shards = {shard for mark in marks for shard in _shards_of(store, _kind(mark), mark.value)}
    found = descend(store, shards, _seeds(marks))
    return found.filter(pl.col("asset").is_in([*_JUDGED, AcceptedPair.TABLE])).drop("seed")


def _seeds(marks: Sequence[Quarantine]) -> list[Seed]:
    return [Seed(kind=_kind(mark), value=mark.value, name=mark.id) for mark in marks]


def _resolved(store: Store, selector: Selector) -> str:
    """The value as rows have it."""
    if selector.kind == "row":
        node = node_named(store, selector.value)
        # Another judge gives scored and accepted rows other ids; the pair that is bad stays.
        while node.asset in (AcceptedPair.TABLE, ScoredPair.TABLE):
            node = node_named(store, node.parent_ids[0])
        return node.id
    if selector.kind == "recipe":
        _, found = full_id(store, (RecipeRow,), selector.value)
        # Rows know what decided their content; a recipe's whole id holds its thresholds as well.
        return Recipe(**json.loads(store.by_ids(RecipeRow, [found])[found].json)).content_id
    if not _shards_of(store, selector.kind, selector.value):
        msg = (
            f"no row in {store.uri} has the {selector.kind} {selector.value}: copy it from "
            "`imgedit lineage`"
        )
        raise QuarantineError(msg)
    return selector.value


def _kind(mark: Quarantine) -> SeedKind:
    (kind,) = (kind for kind in SELECTED_BY if kind == mark.kind)
    return kind


def _shards_of(store: Store, kind: SeedKind, value: str) -> set[str]:
    """The shards with rows that a seed names."""
    column = SEED_COLUMNS[kind]
    records = [r for r in ASSET_ROWS.values() if {column, "shard"} <= {c.name for c in fields(r)}]
    where = one_of(column, [value])
    frames = store.frames([Selection(record=r, columns=["shard"], where=where) for r in records])
    return {shard for frame in frames for shard in frame["shard"].unique()}


def _now() -> str:
    return datetime.now(UTC).isoformat()
