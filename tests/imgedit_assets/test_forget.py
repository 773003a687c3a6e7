"""`imgedit forget`: what goes, what stays, and that a deletion cut short can be done again."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from imgedit_assets.forgetting import forget, look, undeclared
from models.faults import ImgEditError
from resources.home import Home
from resources.nodes import NodeRow
from resources.schema import AcceptedPair, EditPair, Head, SourceImage, SourceItemRow, Unit
from resources.store import Store
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, blank, chain, row, write

OTHER = "folder-0001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Pairs of one type in two shards, and of another in the first."""
    store = Store(Home.of(tmp_path))
    renamed = [replace(r, edit_type="scale") for r in chain("b") if "edit_type" in r.place.keys]
    other = [replace(r, shard=OTHER) for r in chain("c")]
    write(store, [*chain("a"), *renamed, *other])
    items = [blank(SourceItemRow, id=s, shard=s) for s in (SHARD, OTHER)]
    store.insert(SourceItemRow, items)
    return store


def places(store: Store, record: type = EditPair) -> set[tuple[str, str]]:
    """The partitions of a record, as edit type and shard."""
    return {(head.place.edit_type, head.place.shard) for head in store.heads(record.TABLE)}


def gone(store: Store, kind: str, name: str) -> list[str]:
    """Forget something; the shards that Dagster knows afterwards."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("shard", [SHARD, OTHER])
        forget(store, instance, look(store, kind, name), tell=print)  # type: ignore[arg-type]
        return sorted(instance.get_dynamic_partitions("shard"))


def test_a_type_is_forgotten_and_everything_else_stays(store: Store) -> None:
    assert undeclared(store, [EDIT_TYPE]) == {"scale": 1}
    nodes = len(store.select(NodeRow))
    assert gone(store, "edit_type", "scale") == [SHARD, OTHER]
    assert places(store) == {(EDIT_TYPE, SHARD), (EDIT_TYPE, OTHER)}
    assert undeclared(store, [EDIT_TYPE]) == {}
    assert {row.edit_type for row in store.select(EditPair)} == {EDIT_TYPE}
    assert places(store, SourceImage) == {("", SHARD), ("", OTHER)}
    assert len(store.select(NodeRow)) == nodes, "an old release still tells where it came from"


@pytest.mark.parametrize(
    ("kind", "name", "left"), [("shard", OTHER, [SHARD]), ("source", "folder", [])]
)
def test_a_shard_goes_with_its_items_and_its_key(
    store: Store, kind: str, name: str, left: list[str]
) -> None:
    assert gone(store, kind, name) == left
    assert [item.shard for item in store.select(SourceItemRow)] == left
    assert {shard for _, shard in places(store, SourceImage)} == set(left)
    assert {row.shard for row in store.select(AcceptedPair)} == set(left)


@pytest.mark.parametrize(("kind", "left"), [("editor", {"blank|drawn"}), ("suite", set())])
def test_an_editor_or_a_suite_of_the_benchmark_goes_alone(
    store: Store, kind: str, left: set[str]
) -> None:
    case = row("benchmark_cases", "a")
    outputs = [row("benchmark_outputs", name, [case.id]) for name in ("a", "b")]
    write(store, [case, outputs[0], replace(outputs[1], editor="blank")])
    assert gone(store, kind, "oracle" if kind == "editor" else "drawn") == [SHARD, OTHER]
    assert {head.partition for head in store.heads("benchmark_outputs")} == left
    assert len(store.heads("benchmark_cases")) == (kind == "editor")
    assert len(store.select(AcceptedPair)) == 3


def test_a_look_counts_and_changes_nothing(store: Store) -> None:
    found = look(store, "edit_type", EDIT_TYPE)
    assert (found.accepted, found.shards) == (2, ())
    assert found.rows == len(found.partitions)
    assert len(store.select(AcceptedPair)) == 3
    with pytest.raises(ImgEditError, match="no edit type 'resize' here; there are remove, scale"):
        look(store, "edit_type", "resize")


def test_what_a_killed_deletion_left_is_found_again(store: Store) -> None:
    store.insert(Unit, [blank(Unit, id="u", asset="edit_pairs", partition=f"scale|{SHARD}")])
    store.forget(Head, "true")
    gone(store, "edit_type", "scale")
    assert {row.edit_type for row in store.select(EditPair)} == {EDIT_TYPE}
    assert store.select(Unit) == []
