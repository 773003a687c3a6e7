"""Quarantine: what is marked, what it takes along, and what comes back."""

from dataclasses import replace
from pathlib import Path

import pytest

from imgedit_assets.sample.descent import SeedKind
from imgedit_assets.sample.quarantine import (
    QuarantineError,
    Selector,
    active,
    hits,
    mark,
    pairs_touched,
    partitions_touched,
    undo,
)
from models.faults import ImgEditError
from resources.home import Home
from resources.schema import Row, ScoredPair
from resources.store import Store
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, chain, recipe, row, row_id, write

OTHER_SHARD = "folder-0001"


@pytest.fixture
def rows(store: Store) -> list[Row]:
    """Three pairs: two of one image, and one of another in another shard."""
    first = chain("a", source_images={"uri": "file:///a.png"})
    second = chain("b")[3:]
    second[0] = replace(second[0], parent_ids=(first[2].id,))
    other = [
        replace(r, shard=OTHER_SHARD, run_id="run-other")
        for r in chain("c", source_images={"uri": "file:///c.png"})
    ]
    made = [*first, *second, *other]
    write(store, made)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Home.of(tmp_path))


def taken_out(store: Store) -> set[str]:
    """The scored pairs that the quarantines that hold take out, asked partition by partition."""
    marks = active(store)
    return {
        row_id
        for shard in (SHARD, OTHER_SHARD)
        for row_id in hits(
            store, store.current(ScoredPair, shard=shard, edit_type=EDIT_TYPE), marks
        )
    }


def scored(*names: str) -> set[str]:
    """Ids of scored pairs."""
    return {row_id("scored_pairs", name) for name in names}


def test_a_quarantined_source_takes_out_all_that_was_made_of_it_until_undone(
    store: Store, rows: list[Row]
) -> None:
    assert taken_out(store) == set()
    made = mark(store, Selector(kind="source", value="file:///a.png"), "no licence", "ann")
    assert taken_out(store) == scored("a", "b")
    assert partitions_touched(store, [made]) == {f"{EDIT_TYPE}|{SHARD}"}
    (found,) = {
        m.id
        for m in hits(
            store, store.current(ScoredPair, shard=SHARD, edit_type=EDIT_TYPE), [made]
        ).values()
    }
    assert found == made.id
    undone = undo(store, made.id[:6], "bob")
    assert (undone.undone_by, undone.why, undone.who) == ("bob", "no licence", "ann")
    assert taken_out(store) == set()
    assert partitions_touched(store, [undone]) == {f"{EDIT_TYPE}|{SHARD}"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("row", row_id("detections", "b")[:10], scored("b")),
        ("row", row_id("scored_pairs", "a"), scored("a")),
        ("row", row_id("accepted_pairs", "a"), scored("a")),
        ("row", row_id("filtered_images", "a"), scored("a", "b")),
        ("recipe", recipe("masks").content_id, scored("a", "b", "c")),
        ("recipe", recipe("masks").id, scored("a", "b", "c")),
        ("run", "run-other", scored("c")),
        ("run", "run-edit_pairs", scored("a", "b")),
    ],
)
def test_rows_recipes_and_runs_can_be_quarantined(
    store: Store, rows: list[Row], kind: SeedKind, value: str, expected: set[str]
) -> None:
    made = mark(store, Selector(kind=kind, value=value), "bad", "ann")
    assert taken_out(store) == expected
    touched = pairs_touched(store, [made])
    assert set(touched.filter(asset="scored_pairs")["id"]) == expected
    assert set(touched["shard"]) == {
        key.partition("|")[2] for key in partitions_touched(store, [made])
    }


def test_a_row_stays_out_while_any_quarantine_holds(store: Store, rows: list[Row]) -> None:
    first = mark(store, Selector(kind="row", value=row_id("masks", "a")), "blurred", "ann")
    mark(store, Selector(kind="source", value="file:///a.png"), "no licence", "ann")
    undo(store, first.id, "ann")
    assert taken_out(store) == scored("a", "b")


def test_marking_the_same_again_keeps_both_reasons(store: Store, rows: list[Row]) -> None:
    selector = Selector(kind="row", value=row_id("masks", "a"))
    first = mark(store, selector, "blurred", "ann")
    assert mark(store, selector, "blurred", "bob") == first
    again = mark(store, selector, "a logo", "bob")
    assert again == replace(first, why="blurred; a logo (bob)")
    assert active(store) == (again,)
    undo(store, first.id, "ann")
    assert mark(store, selector, "again", "bob").id != first.id
    assert len(active(store)) == 1


def test_undoing_twice_is_refused(store: Store, rows: list[Row]) -> None:
    made = mark(store, Selector(kind="run", value="run-other"), "bad", "ann")
    undo(store, made.id, "ann")
    with pytest.raises(QuarantineError, match="undone by ann"):
        undo(store, made.id, "bob")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("row", "0" * 24),
        ("recipe", "0" * 24),
        ("source", "file:///none.png"),
        ("run", "it's none"),
        ("row", "masks"),
    ],
)
def test_what_is_not_there_cannot_be_quarantined(
    store: Store, rows: list[Row], kind: SeedKind, value: str
) -> None:
    with pytest.raises(ImgEditError):
        mark(store, Selector(kind=kind, value=value), "bad", "ann")
    assert active(store) == ()


def test_a_probe_takes_no_pair_along(store: Store, rows: list[Row]) -> None:
    probe = row("judge_probes", "p", [row_id("instructions", "a")])
    write(store, [probe])
    made = mark(store, Selector(kind="row", value=probe.id), "bad", "ann")
    assert partitions_touched(store, [made]) == set()


def test_the_oldest_quarantine_is_the_one_that_is_told(store: Store, rows: list[Row]) -> None:
    first = mark(store, Selector(kind="source", value="file:///a.png"), "no licence", "ann")
    for kind, value in (("row", row_id("masks", "a")), ("run", "run-edit_pairs")):
        mark(store, Selector(kind=kind, value=value), "also bad", "bob")
    found = hits(store, store.current(ScoredPair, shard=SHARD, edit_type=EDIT_TYPE), active(store))
    assert {made.id for made in found.values()} == {first.id}
