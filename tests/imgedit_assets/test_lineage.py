"""Lineage: up to the source, down to what came out of a row."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgedit_assets.sample.descent import ancestry, descent
from imgedit_assets.sample.lineage import lineage
from imgedit_assets.sample.lookup import LineageError
from resources.home import Home
from resources.schema import ASSET_ROWS, AcceptedPair, Collection, Reject, Row, Version
from resources.store import Batch, Store
from tests.imgedit_assets.lineages import CHAIN, EDIT_TYPE, SHARD, blank, chain, row, row_id, write


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Home.of(tmp_path))


@st.composite
def graphs(draw: st.DrawFn) -> list[Row]:
    """Some rows of some tables, each with some parents among the tables that may hold them."""
    rows: list[Row] = []
    for table, record in ASSET_ROWS.items():
        above = [r.id for r in rows if r.TABLE in record.PARENTS]
        for number in range(draw(st.integers(0, 2))):
            some = (
                st.lists(st.sampled_from(above), max_size=2, unique=True) if above else st.just([])
            )
            rows.append(row(table, str(number), draw(some)))
    return rows


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=graphs().filter(bool))
def test_up_and_down_are_inverse(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(Home.of(tmp_path_factory.mktemp("graph")))
    write(store, rows)
    up = {r.id: {a.id for a in lineage(store, r.id).walk()} - {r.id} for r in rows}
    down = {r.id: set(descent(store, r.id).rows["id"]) for r in rows}
    assert down == {r.id: {below for below in up if r.id in up[below]} for r in rows}


def test_a_release_is_named_after_its_pair_has_left_the_accepted_ones(store: Store) -> None:
    rows = chain("a")
    write(store, rows)
    store.insert(Collection, [blank(Collection, id="r", name="first", row_ids=(rows[-1].id,))])
    # As a quarantine does.
    store.forget(AcceptedPair, "true")
    for held in rows:
        assert [h.name for h in descent(store, held.id).holdings] == ["first"]
    other = chain("b")[:-1]
    write(store, other)
    assert descent(store, other[0].id).holdings == ()


def test_a_pair_leads_to_its_source(store: Store) -> None:
    rows = chain(
        "a", source_images={"uri": "file:///a.png"}, edit_pairs={"seconds": 2.5, "seed": 7}
    )
    write(store, rows)
    walked = list(lineage(store, rows[-1].id).walk())
    assert [a.asset for a in walked] == [*reversed(CHAIN)]
    assert walked[-1].node.columns["uri"] == "file:///a.png"
    assert walked[-1].parents == ()
    pair = walked[2]
    assert (pair.node.seconds, pair.node.columns["seed"]) == (2.5, 7)
    assert pair.recipe["params"]["prompt"] == "say " * 50
    assert pair.node.partition == "remove|folder-0000"
    assert not any(a.missing for a in walked)


def test_a_pair_tells_what_the_judge_said_of_it(store: Store) -> None:
    rows = chain("a", scored_pairs={"score": 2.0, "reason": "the dog is still there"})
    write(store, rows)
    (verdict,) = lineage(store, row_id("edit_pairs", "a")).verdicts
    assert verdict.id == row_id("scored_pairs", "a")
    assert verdict.columns["reason"] == "the dog is still there"


@pytest.mark.parametrize(("turns", "told"), [(1, False), (3, True)])
def test_only_a_pair_of_a_dialogue_tells_the_dialogue_s_score(
    store: Store, turns: int, told: bool
) -> None:
    write(store, chain("a", scored_pairs={"dialogue_score": 2.0, "turns": turns}))
    (verdict,) = lineage(store, row_id("edit_pairs", "a")).verdicts
    scored = lineage(store, row_id("scored_pairs", "a")).node
    assert ("dialogue_score" in verdict.columns, "dialogue_score" in scored.columns) == (told, told)


def test_rows_that_were_not_named_by_their_table_are_found(store: Store) -> None:
    above = row("masks", "m", id="abcd")
    below = row("editable_regions", "r", ["abcd"], id="abce")
    write(store, [above, below])
    assert [a.id for a in lineage(store, "abce").walk()] == ["abce", "abcd"]
    assert store.find("abcd") == above


def test_a_row_that_is_gone_still_tells_where_it_came_from(store: Store) -> None:
    rows = chain("a")
    write(store, rows)
    store.forget(type(rows[-1]), f"id = '{rows[-1].id}'")
    assert store.find(rows[-1].id) is None
    assert len(list(lineage(store, rows[-1].id).walk())) == len(rows)


def test_a_batch_that_is_done_again_stands_in_the_lineage_once(store: Store) -> None:
    rows = chain("a")
    write(store, rows)
    write(store, rows)
    assert len(list(lineage(store, rows[-1].id[:8]).walk())) == len(rows)


def test_a_parent_that_nothing_is_known_of_is_said_to_be_missing(store: Store) -> None:
    write(store, [row("masks", "m", ["never written"])])
    assert lineage(store, row_id("masks", "m")).missing == ("never written",)


def test_what_came_out_of_a_row_names_rejects_and_collections(store: Store) -> None:
    kept, dropped = chain("kept"), chain("dropped")[:-1]
    # Both pairs are made of the first one's source.
    dropped[1] = replace(dropped[1], parent_ids=(kept[0].id,))
    write(store, [*kept, *dropped[1:]])
    reject = blank(
        Reject,
        id="x",
        asset="accepted_pairs",
        partition=f"{EDIT_TYPE}|{SHARD}",
        parent_ids=(dropped[-1].id,),
        reason="low_score",
        detail="score 2.0",
    )
    store.commit(Batch(rejects=[reject]))
    release = blank(Collection, id="r", kind="release", row_ids=(kept[-1].id,), made_at="1")
    corpus = blank(Collection, id="c", kind="corpus", parent_ids=("r",), made_at="2")
    other = blank(Collection, id="o", kind="release", row_ids=("another",), made_at="0")
    store.insert(Collection, [corpus, other, release])
    found = descent(store, kept[0].id)
    counts = {(g.asset, g.edit_type): len(g.ids) for g in found.groups()}
    assert counts[("scored_pairs", "remove")] == 2
    assert counts[("accepted_pairs", "remove")] == 1
    assert ("source_images", "") not in counts
    assert [(g.reason, g.rows) for g in found.reject_groups()] == [("low_score", 1)]
    assert [(h.kind, h.rows) for h in found.holdings] == [("release", 1), ("corpus", 0)]
    assert not descent(store, dropped[-1].id).holdings


def test_a_version_stands_for_its_row(store: Store) -> None:
    rows = chain("a")
    write(store, rows)
    version_id = "f" * 24
    store.insert(Version, [blank(Version, id=version_id, row_id=rows[0].id)])
    assert lineage(store, version_id).id == rows[0].id
    store.insert(Version, [blank(Version, id="e" * 24, row_id="nothing")])
    with pytest.raises(LineageError, match="nothing is known"):
        lineage(store, "e" * 24)


def test_the_tables_above_follow_from_the_parents() -> None:
    names = [record.TABLE for record in ancestry(ASSET_ROWS["masks"])]
    images = ["source_images", "measured_images", "filtered_images"]
    assert names == [*images, "captions", "detections"]
