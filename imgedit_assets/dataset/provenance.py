"""What each pair of a release comes from: its own rows, and the recipe of every stage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from models.faults import ImgEditError
from resources.recipes import canonical_json
from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    Dialogue,
    EditPair,
    Instruction,
    RecipeRow,
    Row,
)
from resources.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The rows that one accepted pair comes from."""

    pair: EditPair
    asked: Instruction | Dialogue
    recipe_ids: tuple[tuple[str, str], ...]
    """Asset and recipe id, sorted; of several rows of one asset, the first one's."""


def provenances(store: Store, rows: Sequence[AcceptedPair]) -> dict[str, Provenance]:
    """Where some pairs come from, by their ids; a query for each table that leads there.

    Raises:
        ImgEditError: A pair is left of rows that have been made anew since.
    """
    known = _ancestors(store, rows)
    return {row.id: _provenance(row, known) for row in rows}


def _ancestors(store: Store, rows: Sequence[Row]) -> dict[str, Row]:
    known: dict[str, Row] = {row.id: row for row in rows}
    generation: Sequence[Row] = rows
    while generation:
        wanted = {p for row in generation for p in row.parent_ids} - known.keys()
        found: dict[str, Row] = {}
        for table in dict.fromkeys(t for row in generation for t in row.PARENTS):
            if missing := sorted(wanted - found.keys()):
                found |= store.by_ids(ASSET_ROWS[table], missing)
        known |= found
        generation = list(found.values())
    return known


def _provenance(row: AcceptedPair, known: Mapping[str, Row]) -> Provenance:
    first: dict[str, Row] = {}
    todo: list[Row] = [row]
    while todo:
        one = todo.pop()
        first.setdefault(one.TABLE, one)
        todo += [known[p] for p in one.parent_ids if p in known]
    pair = first.get(EditPair.TABLE)
    asked = first.get(Instruction.TABLE) or first.get(Dialogue.TABLE)
    if pair is None or asked is None:
        msg = f"accepted pair {row.id}: what it was made of was made anew since; run `imgedit run`"
        raise ImgEditError(msg)
    assert isinstance(pair, EditPair)
    assert isinstance(asked, Instruction | Dialogue)
    return Provenance(
        pair=pair,
        asked=asked,
        recipe_ids=tuple(sorted((table, found.recipe_id) for table, found in first.items())),
    )


class Recipes:
    """The recipes of a chain in words; nearly all pairs of a shard share one text."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.in_words = lru_cache(maxsize=256)(self._in_words)

    def _in_words(self, recipe_ids: tuple[tuple[str, str], ...]) -> str:
        """JSON: for each asset the recipe's id and what it says."""
        rows = self._store.by_ids(RecipeRow, [recipe for _, recipe in recipe_ids])
        told = {
            asset: {"id": recipe, **(json.loads(rows[recipe].json) if recipe in rows else {})}
            for asset, recipe in recipe_ids
        }
        return canonical_json(told)
