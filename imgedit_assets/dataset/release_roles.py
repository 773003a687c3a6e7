"""Who played which role in what a release holds, as the recipes of its rows tell."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from imgedit_assets.graph import GRAPH
from resources.backends import BACKENDS, about
from resources.releases.card import Backend
from resources.schema import (
    ASSET_ROWS,
    Dialogue,
    EditPair,
    Instruction,
    MeasuredRegion,
    RecipeRow,
    Row,
)
from resources.store import Store

if TYPE_CHECKING:
    import polars as pl

ROLES = {name: role for name, line in GRAPH.items() if (role := line.load().role)}
"""The role whose backend makes an asset's rows."""

MADE_BY = {
    EditPair.TABLE: "painter",
    Instruction.TABLE: "writer",
    Dialogue.TABLE: "writer",
    MeasuredRegion.TABLE: "crop_score",
}
"""Columns that tell whether a row's backend had a part in it: rows beside its own came as they are,
or are of a kind that it does not look at."""

CAME_SO = ("as it came", "imported")
"""What stands there for rows that no backend made; null does as well."""


def played(store: Store, pairs: "pl.Series") -> list[Backend]:
    """The backends that had a part in the rows that some accepted pairs come from, by role.

    Args:
        store: Where the rows are.
        pairs: The ids of the pairs.
    """
    recipes = store.by_ids(RecipeRow, sorted(_recipe_ids(store, pairs)))
    found = {(b.role, b.backend, b.model): b for r in recipes.values() for b in _told(r)}
    order = list(BACKENDS)
    return sorted(found.values(), key=lambda b: (order.index(b.role), b.backend, b.model))


def _recipe_ids(store: Store, pairs: "pl.Series") -> set[str]:
    """Of the pairs and of all their ancestors."""
    import polars as pl

    wanted, found = pairs, set[str]()
    # Rows stand after their parents there, so one look at each table is enough.
    for record in reversed(ASSET_ROWS.values()):
        rows = _lineage(store, record).filter(pl.col("id").is_in(wanted.implode()))
        found |= set(rows.filter("is_made")["recipe_id"])
        wanted = pl.concat([wanted, rows["parent_ids"].explode().drop_nulls()]).unique()
    return found


def _lineage(store: Store, record: type[Row]) -> "pl.DataFrame":
    """`id`, `parent_ids`, `recipe_id` and `is_made` of every row."""
    import polars as pl

    maker = MADE_BY.get(record.TABLE, "recipe_id")
    columns = list(dict.fromkeys(("id", "parent_ids", "recipe_id", maker)))
    told = pl.col(maker).cast(pl.String)
    made = told.is_not_null() & ~told.is_in(CAME_SO)
    return store.table_frame(record, columns).with_columns(is_made=made)


def _told(row: RecipeRow) -> Iterator[Backend]:
    """The backends that a recipe names: the asset's own, and others under the names of roles."""
    recipe = json.loads(row.json)
    params: Mapping[str, Any] = recipe["params"]
    if recipe["backend"] and (role := ROLES.get(recipe["stage"])):
        yield _backend(role, recipe["backend"], params.get("backend", {}))
    for role in BACKENDS.keys() & params.keys():
        name, version, own = params[role]
        yield _backend(role, f"{name} {version}", own)


def _backend(role: str, named: str, params: Mapping[str, Any]) -> Backend:
    return Backend(
        role=role,
        backend=named,
        model=", ".join(dict.fromkeys(_models(params))),
        about=about(role, named.partition(" ")[0]),
    )


def _models(said: object) -> Iterator[str]:
    """Every model that parameters name, however deep: "SDXL at 5f3c…" or "gpt-4.1"."""
    if isinstance(said, list):
        for one in said:
            yield from _models(one)
    if isinstance(said, Mapping):
        if "checkpoint" in said:
            yield f"{said['checkpoint']} at {said['revision']}"
        if isinstance(model := said.get("model"), str):
            yield model
        for one in said.values():
            yield from _models(one)
