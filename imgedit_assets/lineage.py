"""Where a row came from: its ancestors through parent ids, with the recipe of each."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from models.faults import ImgEditError
from resources.schema import ASSET_ROWS, RecipeRow, Record, Row, Version
from resources.store import Store

R = TypeVar("R", bound=Record)

KEY_COLUMNS = (
    *("uri", "sha256", "clip", "t_s", "format", "width", "height", "licence", "attribution"),
    *("aesthetic", "short_caption", "name", "kind", "x0", "y0", "x1", "y1", "area_frac"),
    *("mask_score", "crop_score", "instruction", "changed_frac", "seed", "score", "adherence"),
    *("quality", "preservation", "reason", "oracle_failure", "flaw", "degree"),
    *("version_id", "source_version_id", "target_version_id", "reference_version_id"),
    *("describer", "detector", "segmenter", "writer", "painter", "judge"),
)
"""What tells a person what a row is about; ids of parents and bulky columns are left out."""

_ID_START = re.compile(r"[0-9a-f]{4,24}")


class LineageError(ImgEditError):
    """An id stands for no row, or for several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A row, how it was made, and the rows it was made from."""

    id: str
    asset: str
    shard: str
    edit_type: str
    run_id: str
    recipe_id: str
    recipe: dict[str, Any]
    """`resources.recipes.Recipe` in words; empty where the store does not know it."""
    columns: dict[str, Any]
    parents: tuple["Ancestor", ...] = field(repr=False)

    @property
    def partition(self) -> str:
        """The row's partition key in Dagster."""
        return f"{self.edit_type}|{self.shard}" if self.edit_type else self.shard


def lineage(store: Store, row_id: str) -> Ancestor:
    """A row with all its ancestors.

    Args:
        store: Where to look.
        row_id: The row's id or a unique beginning of it; of a version, its row is taken.

    Raises:
        LineageError: No row has this id, or several ids begin so.
    """
    rows = _with_ancestors(store, _row(store, row_id))
    recipes = store.by_ids(RecipeRow, sorted({row.recipe_id for row in rows.values()}))
    nodes: dict[str, Ancestor] = {}
    for row in _parents_first(rows):
        recipe = recipes.get(row.recipe_id)
        nodes[row.id] = Ancestor(
            id=row.id,
            asset=row.TABLE,
            shard=row.shard,
            edit_type=row.edit_type,
            run_id=row.run_id,
            recipe_id=row.recipe_id,
            recipe=json.loads(recipe.json) if recipe else {},
            columns=_key_columns(row),
            parents=tuple(nodes[p] for p in row.parent_ids if p in nodes),
        )
    return nodes[next(iter(rows))]


def full_id(store: Store, records: Sequence[type[R]], start: str) -> tuple[type[R], str]:
    """The table and the whole of the one id that begins so.

    Raises:
        LineageError: None does, or several do.
    """
    if not _ID_START.fullmatch(start):
        msg = f"{start!r} is no id: ids are 24 hexadecimal digits, of which 4 or more may be given"
        raise LineageError(msg)
    found: dict[str, type[R]] = {}
    for record in records:
        found |= dict.fromkeys(store.column(record, "id", f"id LIKE '{start}%'"), record)
    if not found:
        msg = f"nothing in {store.uri} has an id that begins with {start}"
        raise LineageError(msg)
    if len(found) > 1:
        some = ", ".join(sorted(found)[:3])
        msg = f"{len(found)} ids begin with {start} ({some}, ...): give more digits"
        raise LineageError(msg)
    ((row_id, record),) = found.items()
    return record, row_id


def _row(store: Store, start: str) -> Row:
    records: tuple[type[Record], ...] = (*ASSET_ROWS.values(), Version)
    record, found = full_id(store, records, start)
    if record is Version:
        found = store.by_ids(Version, [found])[found].row_id
    row = store.find(found)
    if row is None:
        msg = f"version {start} was made for the row {found}, which is not there any more"
        raise LineageError(msg)
    return row


def _with_ancestors(store: Store, row: Row) -> dict[str, Row]:
    rows = {row.id: row}
    wanted = set(row.parent_ids)
    while wanted:
        found = _anywhere(store, wanted)
        rows |= found
        wanted = {p for r in found.values() for p in r.parent_ids} - rows.keys()
    return rows


def _anywhere(store: Store, ids: set[str]) -> dict[str, Row]:
    """Rows of any asset by id. An id of a registered source item is not a row, and is left out."""
    found: dict[str, Row] = {}
    for record in reversed(ASSET_ROWS.values()):
        missing = sorted(ids - found.keys())
        if missing:
            found |= store.by_ids(record, missing)
    return found


def _parents_first(rows: dict[str, Row]) -> list[Row]:
    """The rows so that each stands after its parents."""
    ordered: dict[str, Row] = {}

    def visit(row: Row) -> None:
        if row.id in ordered:
            return
        for parent in row.parent_ids:
            if parent in rows:
                visit(rows[parent])
        ordered[row.id] = row

    visit(next(iter(rows.values())))
    return list(ordered.values())


def _key_columns(row: Row) -> dict[str, Any]:
    present = {column.name for column in fields(row)}
    values = {name: getattr(row, name) for name in KEY_COLUMNS if name in present}
    return {name: value for name, value in values.items() if value not in ("", None)}
