"""Rows that a test can put into a store: a graph of them, with only what a lineage reads."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from resources.recipes import Recipe, digest, table_tag
from resources.schema import (
    ASSET_ROWS,
    VECTOR_WIDTH,
    Head,
    Partition,
    RecipeRow,
    Record,
    Row,
    StoredVector,
)
from resources.store import Batch, Store

R = TypeVar("R", bound=Record)

SHARD, EDIT_TYPE = "folder-0000", "remove"
KEYS = {"shard": SHARD, "edit_type": EDIT_TYPE, "suite": "drawn", "editor": "oracle"}
CHAIN = (
    *("source_images", "measured_images", "filtered_images", "captions", "detections", "masks"),
    *("measured_regions", "editable_regions", "instructions"),
    *("edit_pairs", "scored_pairs", "accepted_pairs"),
)


def blank(record: type[R], **columns: Any) -> R:
    """A record with the given columns, and the emptiest value in every other."""
    hints = get_type_hints(record)
    no_vector = StoredVector(bytes(2 * VECTOR_WIDTH))
    empty: dict[Any, Any] = {str: "", int: 1, float: 0.0, bytes: b"", StoredVector: no_vector}
    values = {}
    for column in fields(record):
        hint = hints[column.name]
        optional = NoneType in get_args(hint)
        values[column.name] = None if optional else empty.get(hint, ())
    return record(**values | columns)


def row_id(table: str, name: str) -> str:
    """The id of a row, tagged with its table as real ones are."""
    tag = table_tag(table)
    return tag + digest(table, name)[len(tag) :]


def row(table: str, name: str, parents: Iterable[str] = (), /, **columns: Any) -> Row:
    """A row of a table, of the partition that all of them stand in."""
    shared = {
        "id": row_id(table, name),
        "parent_ids": tuple(parents),
        "recipe_id": recipe(table).content_id,
        "run_id": f"run-{table}",
    }
    record = ASSET_ROWS[table]
    place = {axis: KEYS[axis] for axis in record.AXES}
    return blank(record, **shared | place | columns)


def chain(name: str, **columns: dict[str, Any]) -> list[Row]:
    """A source image, an accepted pair made of it, and all between; columns by table."""
    rows: list[Row] = []
    for table in CHAIN:
        parents = [rows[-1].id] if rows else [digest("item", name)]
        rows.append(row(table, name, parents, **columns.get(table, {})))
    return rows


def recipe(table: str) -> Recipe:
    """The recipe of a table's rows."""
    return Recipe(
        stage=table, version="1", backend="made up 1", params={"prompt": "say " * 50, "at": table}
    )


def write(store: Store, rows: Sequence[Row]) -> None:
    """Commit rows and finish their partitions."""
    by_table: dict[str, list[Row]] = {}
    for one in rows:
        by_table.setdefault(one.TABLE, []).append(one)
    for table, some in by_table.items():
        store.commit(Batch(rows=some))
        made = recipe(table)
        for known in (made.content_id, made.id):
            store.insert(RecipeRow, [RecipeRow(id=known, json=made.to_json())])
        for place in {r.place for r in some}:
            ids = tuple(r.id for r in some if r.place == place)
            store.upsert(Head, [head(place, ids)])


def head(place: Partition, row_ids: tuple[str, ...]) -> Head:
    """The head of a partition."""
    return blank(
        Head,
        id=place.id,
        asset=place.asset,
        partition=place.key,
        row_ids=row_ids,
        rejects="{}",
        figures="{}",
    )
