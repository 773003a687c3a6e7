"""The roles on a card: those that had a part in the rows of the release, and no others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from imgedit_assets.dataset.release_card import played
from imgedit_assets.dataset.release_plan import thin_splits
from resources.home import Home
from resources.profile import Release
from resources.recipes import Recipe
from resources.releases.card import Backend
from resources.schema import RecipeRow, Row
from resources.store import Store
from tests.imgedit_assets.lineages import chain, row_id, write

SDXL = {"weights": {"checkpoint": "sdxl", "revision": "5f3c"}}
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "measured_images": ("statistics 2", {"safety_filter": ["opennsfw", "1", {}]}),
    "captions": ("chat gpt-4.1 1", {"backend": {"chat": {"model": "gpt-4.1"}}}),
    "detections": ("annotations 1", {}),
    "masks": ("mine 7", {}),
    "measured_regions": ("studio_clip 1", {}),
    "instructions": ("grammar 1", {}),
    "edit_pairs": ("workflows 1", {"backend": {"workflows": [SDXL, SDXL]}}),
    "scored_pairs": ("metric 3", {"rubric": {"adherence": "judge"}}),
}
"""Backend and parameters by asset; the others have none."""


def made(store: Store, name: str, backends: dict[str, str], **columns: dict[str, Any]) -> list[Row]:
    """An accepted pair with all its ancestors; some made by other backends."""
    rows = []
    for one in chain(name, **columns):
        backend, params = RECIPES.get(one.TABLE, ("", {}))
        recipe = Recipe(
            stage=one.TABLE, version="1", backend=backends.get(one.TABLE, backend), params=params
        )
        store.insert(RecipeRow, [RecipeRow(id=recipe.content_id, json=recipe.to_json())])
        rows.append(replace(one, recipe_id=recipe.content_id))
    return rows


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A painted pair, an imported one, and one by another painter."""
    store = Store(Home.of(tmp_path))
    by = {"writer": "grammar 1"}, {"painter": "workflows 1"}
    painted = made(
        store,
        "painted",
        {},
        instructions=by[0],
        edit_pairs=by[1],
        measured_regions={"crop_score": 0.9},
    )
    imported = made(
        store,
        "imported",
        {},
        instructions={"writer": "imported"},
        edit_pairs={"painter": "as it came"},
    )
    other = made(
        store, "other", {"edit_pairs": "classical 2"}, edit_pairs={"painter": "classical 2"}
    )
    write(store, [*painted, *imported, *other])
    return store


def roles(store: Store, *names: str) -> dict[str, Backend]:
    """Who played each role in a release of those pairs; none was played by two."""
    found = played(store, pl.Series([row_id("accepted_pairs", name) for name in names]))
    by_role = {backend.role: backend for backend in found}
    assert len(by_role) == len(found)
    return by_role


def test_a_card_lists_who_made_the_rows_with_version_and_model(store: Store) -> None:
    found = roles(store, "painted")
    assert {role: backend.backend for role, backend in found.items()} == {
        "aesthetic_scorer": "statistics 2",
        "describer": "chat gpt-4.1 1",
        "detector": "annotations 1",
        "segmenter": "mine 7",
        "embedder": "studio_clip 1",
        "instruction_writer": "grammar 1",
        "safety_filter": "opennsfw 1",
        "painter": "workflows 1",
        "judge": "metric 3",
    }
    assert found["painter"].model == "sdxl at 5f3c"
    assert found["describer"].model == "gpt-4.1"
    assert (found["judge"].model, found["segmenter"].about) == ("", "")
    assert found["judge"].about


def test_what_came_as_it_is_was_made_by_nobody_here(store: Store) -> None:
    absent = {"painter", "instruction_writer", "embedder"}
    assert roles(store, "painted").keys() - roles(store, "imported").keys() == absent


def test_a_role_that_two_backends_played_is_listed_with_both(store: Store) -> None:
    pairs = pl.Series([row_id("accepted_pairs", name) for name in ("painted", "other")])
    painters = [b.backend for b in played(store, pairs) if b.role == "painter"]
    assert painters == ["classical 2", "workflows 1"]


def test_nothing_is_played_in_an_empty_release(store: Store) -> None:
    assert played(store, pl.Series([], dtype=pl.String)) == []


def test_a_split_of_one_image_is_told_with_what_to_do() -> None:
    sizes = {"train": 40, "validation": 1, "test": 20}
    groups = [(split, f"{split} {i}") for split, n in sizes.items() for i in range(n)]
    # Two pairs of one image are no two images.
    rows = pl.DataFrame([*groups, ("validation", "validation 0")], ("split", "group"), orient="row")
    told = thin_splits(rows, Release())
    assert "validation holds 1." in told
    assert "raise validation_frac in" in told
    assert thin_splits(rows, Release(validation_frac=0)) == ""
