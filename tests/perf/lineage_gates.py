"""The gate of lineage: one scored pair with all its ancestors, among a million."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from gates import Measured

from imgedit_assets.sample.lineage import lineage
from resources.arrow import arrow_schema
from resources.home import Home
from resources.nodes import HINTS, KEY_COLUMNS, SHARED_COLUMNS, NodeRow
from resources.recipes import ID_HEX_CHARS, digest, table_tag
from resources.schema import ASSET_ROWS, RecipeRow, Row
from resources.store import Store

ROWS = 1_000_000
LOOKUPS = 200
ROWS_PER_SHARD = 4_000
EDIT_TYPES = 13

TABLES = {
    "source_images": 0.25,
    "measured_images": 0.25,
    "filtered_images": 0.2,
    "captions": 0.2,
    "detections": 1.0,
    "masks": 1.0,
    "measured_regions": 1.0,
    "editable_regions": 0.8,
    "instructions": 1.0,
    "edit_pairs": 1.0,
    "scored_pairs": 1.0,
    "accepted_pairs": 0.5,
}
"""Rows of each table for one scored pair; the rows of each are made from those of the one before.
The rest of the store is empty."""

INHERITED = {"filtered_images": "image_id", "instructions": "instruction_id"}
"""What descendants of these tables know them by."""

TEXT_CHARS = {"rle": 300, "masks": 300, "operations": 180, "reason": 120, "caption": 120}


def lineage_ms() -> Iterator[Measured]:
    """Milliseconds of one lineage: the median over random pairs of a store of a million."""
    with tempfile.TemporaryDirectory() as folder:
        store = synthetic_store(Path(folder), ROWS)
        yield measured(store)


def measured(store: Store) -> Measured:
    """The gate's figure on a store that `synthetic_store` made."""
    ids = store.table_frame(ASSET_ROWS["scored_pairs"], ["id"])["id"].to_list()
    # The first lookup imports libraries and opens the tables.
    _lookup_ms(store, ids[0])
    taken = sorted(_lookup_ms(store, row_id) for row_id in random.Random(1).sample(ids, LOOKUPS))
    p95 = taken[int(0.95 * LOOKUPS)]
    detail = f"ms, p95 {p95:.1f}, n {LOOKUPS}, among {len(ids):,} scored pairs"
    return Measured(name="lineage_ms", ratio=statistics.median(taken), detail=detail)


def _lookup_ms(store: Store, row_id: str) -> float:
    started = time.perf_counter()
    found = lineage(store, row_id)
    taken_ms = (time.perf_counter() - started) * 1e3
    assert [node.asset for node in found.walk()] == [*reversed(TABLES)][1:]
    return taken_ms


def synthetic_store(home: Path, rows: int) -> Store:
    """A store with that many scored pairs and all their ancestors, indexed."""
    store, rng, parents = Store(Home.of(home)), np.random.default_rng(0), pl.DataFrame()
    for name, share in TABLES.items():
        record, n = ASSET_ROWS[name], int(rows * share)
        known = _known(record, n, parents, rng)
        whole = _whole(record, known, rng)
        store.append(record, whole.to_arrow())
        store.append(NodeRow, _nodes(record, whole).to_arrow())
        named = {INHERITED[name]: pl.col("id")} if name in INHERITED else {}
        wanted = ["id", *(c for c in INHERITED.values() if c in known.columns)]
        parents = known.select(wanted).with_columns(**named)
    store.insert(RecipeRow, [RecipeRow(id=_recipe(t), json="{}") for t in TABLES])
    store.compact()
    return store


def _known(
    record: type[Row], n: int, parents: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """The columns that hold a lineage together, and those that descendants need."""
    index, digits = pl.Series(np.arange(n)), ID_HEX_CHARS - 2
    drawn = rng.bytes(n * digits // 2).hex()
    ids = [drawn[start : start + digits] for start in range(0, len(drawn), digits)]
    frame = pl.DataFrame({"id": table_tag(record.TABLE) + pl.Series(ids)})
    shards = max(1, n * ROWS_PER_SHARD // ROWS)
    number = (index // max(1, n // shards)).cast(pl.String)
    frame = frame.with_columns(
        shard="folder-" + number.str.zfill(4),
        run_id="run-" + number.str.zfill(32),
        edit_type=pl.lit("type-") + (index % EDIT_TYPES).cast(pl.String)
        if "edit_type" in record.AXES
        else pl.lit(""),
        recipe_id=pl.lit(_recipe(record.TABLE)),
    )
    if parents.is_empty():
        return frame.with_columns(parent_ids=pl.lit([], dtype=pl.List(pl.String)))
    taken = parents[(index * parents.height // n).to_numpy()]
    return frame.hstack(taken.rename({"id": "parent_ids"})).with_columns(
        parent_ids=pl.concat_list("parent_ids")
    )


def _whole(record: type[Row], known: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The frame with all columns of a table: texts of the usual length, numbers that vary."""
    wanted = pl.from_arrow(arrow_schema(record).empty_table())
    assert isinstance(wanted, pl.DataFrame)
    rows = known.height
    drawn = {
        name: _drawn(name, kind, rows, rng)
        for name, kind in wanted.schema.items()
        if name not in known.columns
    }
    return known.with_columns(**drawn).select(wanted.columns).cast(wanted.schema)


def _drawn(name: str, kind: pl.DataType, rows: int, rng: np.random.Generator) -> pl.Series:
    if kind == pl.Int64:
        return pl.Series(rng.integers(1, 4_000, rows))
    if kind == pl.Float64:
        return pl.Series(rng.random(rows))
    words = pl.Series(np.arange(rows)).cast(pl.String) + " " + "x" * TEXT_CHARS.get(name, 20)
    return words.reshape((rows, 1)).arr.to_list() if kind == pl.List(pl.String) else words


def _nodes(record: type[Row], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows' nodes, as `resources.nodes.Node` writes them."""
    hints = [name for name in HINTS if name in rows.columns]
    values = pl.struct(
        pl.lit(record.TABLE).alias("asset"),
        pl.concat_list(hints).alias("hint_ids") if hints else pl.lit([]).alias("hint_ids"),
        *SHARED_COLUMNS,
        pl.concat_str(*record.AXES, separator="|").alias("partition"),
        pl.struct([name for name in KEY_COLUMNS if name in rows.columns]).alias("columns"),
    )
    return rows.select("id", values.struct.json_encode().alias("text"))


def _recipe(table: str) -> str:
    return digest("recipe", table)
