"""What a partition's hash of its origin changes with, and what it does not change with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imgedit_assets.graph import stage_of
from imgedit_assets.origins import origin_of
from resources.factory import Factory
from resources.schema import Head, Partition, Quarantine, SourceItemRow
from resources.sources.item import SourceItem
from tests.resources.test_store import head

SHARD = "s"
SOURCES = Partition("source_images", SHARD)
CAPTIONS = Partition("captions", SHARD)
DETECTIONS = Partition("detections", SHARD)
INSTRUCTIONS = Partition("instructions", f"remove|{SHARD}")
ACCEPTED = Partition("accepted_pairs", f"remove|{SHARD}")

RESIZE = (Path(__file__).parents[1] / "graph" / "edit_types" / "resize.py").read_text()
"""A type with a painting function of its own."""


def origin(factory: Factory, place: Partition) -> str:
    return origin_of(stage_of(factory, place))


def item(name: str, shard: str = SHARD) -> SourceItemRow:
    told = SourceItem(uri=f"file:///{name}.png")
    return SourceItemRow(
        id=name, uri=told.uri, stamp="1", shard=shard, ordinal=0, item=told.to_json(), kind="image"
    )


def finish(factory: Factory, place: Partition, run: str = "run") -> None:
    made = replace(head(), id=place.id, asset=place.asset, partition=place.key, run_id=run)
    factory.store.upsert(Head, [made])


def mark(factory: Factory) -> Quarantine:
    made = Quarantine(
        id="q", kind="row", value="x", why="", who="me", at="1", undone_by="", undone_at=""
    )
    factory.store.insert(Quarantine, [made])
    return made


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda f: f.store.insert(SourceItemRow, [item("b")]), {SOURCES}),
        (lambda f: f.store.upsert(SourceItemRow, [replace(item("a"), stamp="2")]), {SOURCES}),
        (lambda f: f.store.insert(SourceItemRow, [item("b", "other")]), set()),
        (lambda f: finish(f, CAPTIONS, "later"), {DETECTIONS, INSTRUCTIONS, ACCEPTED}),
        (lambda f: finish(f, Partition("captions", "other")), set()),
        (lambda f: finish(f, INSTRUCTIONS), {ACCEPTED}),
        (lambda f: finish(f, Partition("instructions", f"alter|{SHARD}")), set()),
        (mark, {ACCEPTED}),
    ],
)
def test_it_changes_with_what_a_partition_is_made_from_and_nothing_else(
    factory: Factory, change: Callable[[Factory], object], moved: set[Partition]
) -> None:
    factory.store.insert(SourceItemRow, [item("a")])
    finish(factory, CAPTIONS)
    places = (SOURCES, CAPTIONS, DETECTIONS, INSTRUCTIONS, ACCEPTED)
    before = {place: origin(factory, place) for place in places}
    assert len(set(before.values())) == len(places)
    change(factory)
    assert {place for place in places if origin(factory, place) != before[place]} == moved


def test_a_quarantine_that_is_undone_leaves_it_as_it_was(factory: Factory) -> None:
    before = origin(factory, ACCEPTED)
    factory.store.upsert(Quarantine, [replace(mark(factory), undone_by="me")])
    assert origin(factory, ACCEPTED) == before


def test_it_changes_with_any_setting_and_any_edit_type(factory: Factory, tmp_path: Path) -> None:
    images = factory.profile.images.model_copy(update={"min_short_side_px": 7})
    other = factory.profile.model_copy(update={"images": images})
    assert origin(Factory(store=factory.store, profile=other), SOURCES) != origin(factory, SOURCES)

    def with_type(source: str) -> str:
        (tmp_path / "resize.py").write_text(source)
        edits = factory.profile.edits.model_copy(update={"folders": (str(tmp_path),)})
        profile = factory.profile.model_copy(update={"edits": edits})
        declared = Factory(store=factory.store, profile=profile)
        assert "resize" in declared.edit_types, declared.edit_type_problems
        return origin(declared, SOURCES)

    # A function is another object each time it is loaded, and the same declaration.
    first, again = with_type(RESIZE), with_type(RESIZE)
    changed = with_type(RESIZE.replace('title="', 'title="Not to '))
    assert origin(factory, SOURCES) != first == again != changed


def test_the_benchmarks_have_none(factory: Factory) -> None:
    assert not origin(factory, Partition("benchmark_outputs", "copy-input|studio-basic"))
