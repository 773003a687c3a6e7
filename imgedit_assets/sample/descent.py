"""What came out of a row: everything made from it, and the collections that hold any of it.

Parents and children stand in the same shard, or those of the benchmark in the same suite, so a few
reads of a shard's ids and parent ids, the tables in the graph's order, find all descendants of any
number of rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from imgedit_assets.sample.lookup import node_named, nodes_of
from resources.filters import one_of, quoted
from resources.nodes import Node
from resources.object_store import are_there
from resources.schema import ASSET_ROWS, AcceptedPair, Collection, Reject, Row
from resources.schema.keys import key_on
from resources.store import Selection, Store

if TYPE_CHECKING:
    import polars as pl

SHARDS_AT_ONCE = 16
"""Shards read together: some hundred thousand rows of two ids each."""

SeedKind = Literal["row", "recipe", "source", "run"]

SEED_COLUMNS: dict[SeedKind, str] = {
    "row": "id",
    "recipe": "recipe_id",
    "source": "uri",
    "run": "run_id",
}
"""The column that says whether a row is one of those that a seed names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Rows to start from: those whose id, recipe, source or run is the value."""

    kind: SeedKind
    value: str
    name: str = ""
    """Stands in the result beside every row that descends from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A collection that holds some rows, or was made from one that does."""

    id: str
    kind: str
    name: str
    path: str
    """Its folder's, or the URI of one on a store."""
    made_at: str
    is_there: bool
    """Whether its files are; what was pruned or moved away is told of all the same."""
    rows: int
    """How many of them it holds; 0 where only what it was made from holds any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of one asset and edit type."""

    asset: str
    edit_type: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectGroup:
    """Rejects of one asset and edit type, for one reason."""

    asset: str
    edit_type: str
    reason: str
    rows: int
    detail: str
    """That of the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """Everything that came out of one row."""

    node: Node
    rows: "pl.DataFrame"
    """`id`, `asset`, `edit_type`, `shard` of each, in the graph's order; not the row itself."""
    rejects: "pl.DataFrame"
    """What was made no further: `asset`, `edit_type`, `reason`, `detail` of each."""
    holdings: tuple[Holding, ...]

    def groups(self) -> list[Group]:
        """The rows by asset and edit type, in the graph's order."""
        by = self.rows.group_by("asset", "edit_type", maintain_order=True).agg("id")
        return [Group(asset=a, edit_type=t, ids=tuple(ids)) for a, t, ids in by.iter_rows()]

    def reject_groups(self) -> list[RejectGroup]:
        """The rejects by asset, edit type and reason, in the order they were found."""
        import polars as pl

        by = self.rejects.group_by("asset", "edit_type", "reason", maintain_order=True)
        counted = by.agg(pl.len().alias("rows"), pl.col("detail").first())
        return [RejectGroup(**group) for group in counted.iter_rows(named=True)]


def descent(store: Store, row_id: str) -> Descent:
    """Everything that came out of a row.

    Args:
        store: Where to look.
        row_id: The row's id or a unique beginning of it; of a version, its row is taken.

    Raises:
        LineageError: No row has this id, or several ids begin so.
    """
    import polars as pl

    node = node_named(store, row_id)
    record = ASSET_ROWS[node.asset]
    group = node.place.keys[group_axis(record)]
    later = [r for r in ASSET_ROWS.values() if record in ancestry(r)]
    seeds = [Seed(kind="row", value=node.id)]
    rows = descend(store, [group], seeds, records=[record, *later])
    return Descent(
        node=node,
        rows=rows.filter(pl.col("id") != node.id).drop("seed"),
        rejects=_rejects(store, group, rows["id"]),
        holdings=tuple(
            holdings(store, {*rows["id"], node.id, *_left(store, {*rows["id"], node.id})})
        ),
    )


def _left(store: Store, above: set[str]) -> set[str]:
    """The rows of collections that are no accepted pairs any more, and came of any of some rows."""
    (held,) = store.frames([Selection(record=Collection, columns=["row_ids"])])
    rows = held.select(id="row_ids").explode("id").drop_nulls().unique()
    gone = rows.join(store.table_frame(AcceptedPair, ["id"]), on="id", how="anti")["id"].to_list()
    return below(store, gone, lambda node: node.id in above)


def below(store: Store, row_ids: Sequence[str], named: Callable[[Node], bool]) -> set[str]:
    """Those of some rows that are named, or any ancestor of; nodes outlive their rows."""
    nodes: dict[str, Node] = {}
    wanted = set(row_ids)
    while found := nodes_of(store, sorted(wanted)):
        nodes |= found
        wanted = {p for node in found.values() for p in node.parent_ids} - nodes.keys()

    @cache
    def is_below(row_id: str) -> bool:
        node = nodes.get(row_id)
        return node is not None and (named(node) or any(is_below(p) for p in node.parent_ids))

    return {row_id for row_id in row_ids if is_below(row_id)}


def ancestry(record: type[Row]) -> list[type[Row]]:
    """The tables that a record's ancestors may stand in, in the graph's order."""
    above = set(record.PARENTS)
    while more := {p for table in above for p in ASSET_ROWS[table].PARENTS} - above:
        above |= more
    return [row for table, row in ASSET_ROWS.items() if table in above]


def group_axis(record: type[Row]) -> str:
    """The axis on which a row, its parents and its children have one key."""
    return "shard" if "shard" in record.AXES else "suite"


def descend(
    store: Store,
    shards: Iterable[str],
    seeds: Sequence[Seed],
    *,
    records: Sequence[type[Row]] = (),
    edit_type: str = "",
) -> "pl.DataFrame":
    """The rows that seeds name, and all that was made from them.

    Args:
        store: Where to look.
        shards: The shards, or suites, to look in.
        seeds: What to start from. A row that descends from several counts for the first.
        records: The tables to look in, in the graph's order, all by shard or all by suite; by
            default all that are by shard.
        edit_type: Look at rows of this edit type only, and at those of none.

    Returns:
        `id`, `asset`, `edit_type`, `shard` (or suite) and `seed`, its name.
    """
    import polars as pl

    wanted = list(records or (r for r in ASSET_ROWS.values() if "shard" in r.AXES))
    axis = group_axis(wanted[0])
    columns = ("id", "parent_ids", axis, *(SEED_COLUMNS[k] for k in {s.kind for s in seeds}))
    names = ("id", "asset", "edit_type", "shard", "seed")
    found = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    for some in _chunks(sorted(shards)):
        selections = [_selection(r, columns, some, edit_type) for r in wanted]
        below = pl.DataFrame(schema={"id": pl.String, "rank": pl.Int64})
        for record, frame in zip(wanted, store.frames(selections), strict=True):
            hit = _hit(frame, seeds, below)
            below = pl.concat([below, hit.select("id", "rank")])
            seed = pl.col("rank").replace_strict(
                dict(enumerate(s.name for s in seeds)), return_dtype=pl.String
            )
            if "edit_type" not in hit.columns:
                hit = hit.with_columns(edit_type=pl.lit(""))
            told = {"asset": pl.lit(record.TABLE), "shard": pl.col(axis), "seed": seed}
            found.append(hit.with_columns(**told).select(names))
    return pl.concat(found)


def holdings(store: Store, row_ids: Iterable[str]) -> Iterator[Holding]:
    """The collections that hold any of some rows, the oldest first, and those made from them."""
    import polars as pl

    columns = ["id", "kind", "name", "path", "made_at", "parent_ids", "seal"]
    (known,) = store.frames([Selection(record=Collection, columns=[*columns, "row_ids"])])
    asked = pl.DataFrame({"row_ids": pl.Series(list(row_ids), dtype=pl.String)})
    held = known.select("id", "row_ids").explode("row_ids").join(asked, on="row_ids", how="semi")
    counts = dict(held.group_by("id").len().iter_rows())
    holders, found = set(counts), list[dict[str, Any]]()
    for row in known.sort("made_at").select(columns).iter_rows(named=True):
        # What a collection was made from is older than it.
        parents = row.pop("parent_ids")
        if row["id"] in holders or holders.intersection(parents):
            holders.add(row["id"])
            found.append(row)
    there = are_there(store.home, [(row["path"], row.pop("seal")) for row in found])
    for row, stands in zip(found, there, strict=True):
        yield Holding(rows=counts.get(row["id"], 0), is_there=stands, **row)


def _hit(frame: "pl.DataFrame", seeds: Sequence[Seed], below: "pl.DataFrame") -> "pl.DataFrame":
    """The rows of a table that are seeds, or whose parents descend from one."""
    import polars as pl

    inherited = frame.select("id", "parent_ids").explode("parent_ids")
    hits = [inherited.join(below, left_on="parent_ids", right_on="id").select("id", "rank")]
    for kind, column in SEED_COLUMNS.items():
        ranks = {s.value: rank for rank, s in reversed([*enumerate(seeds)]) if s.kind == kind}
        if ranks and column in frame.columns:
            named = frame.filter(pl.col(column).is_in(list(ranks)))
            rank = pl.col(column).replace_strict(ranks, return_dtype=pl.Int64)
            hits.append(named.select("id", rank.alias("rank")))
    first = pl.concat(hits).group_by("id").agg(pl.col("rank").min())
    return frame.join(first, on="id", maintain_order="left")


def _selection(
    record: type[Row], columns: Sequence[str], shards: Sequence[str], edit_type: str
) -> Selection:
    present = {column.name for column in fields(record)}
    by_type = "edit_type" in record.AXES
    where = one_of(group_axis(record), shards)
    if by_type and edit_type:
        where = f"{where} AND {one_of('edit_type', [edit_type])}"
    wanted = [*dict.fromkeys(c for c in columns if c in present), *(["edit_type"] * by_type)]
    return Selection(record=record, columns=wanted, where=where)


def _rejects(store: Store, shard: str, row_ids: Iterable[str]) -> "pl.DataFrame":
    """What was rejected where one of some rows was a parent."""
    import polars as pl

    columns = ["asset", "partition", "reason", "detail", "parent_ids"]
    where = f"partition = {quoted(shard)} OR ends_with(partition, {quoted('|' + shard)})"
    (rejects,) = store.frames([Selection(record=Reject, columns=columns, where=where)])
    hit = pl.col("parent_ids").list.set_intersection(pl.lit(pl.Series([list(row_ids)])))
    rejects = rejects.filter(hit.list.len() > 0)
    return rejects.select("asset", key_on("edit_type"), "reason", "detail")


def _chunks(shards: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(shards), SHARDS_AT_ONCE):
        yield shards[start : start + SHARDS_AT_ONCE]
