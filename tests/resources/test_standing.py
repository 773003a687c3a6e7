"""A store to look through: what it reads once, and what it then says."""

from pathlib import Path

import pytest

from resources.home import Home
from resources.schema import Caption, FilteredImage, Head, Partition, Sheet
from resources.standing import StandingStore
from resources.store import Batch, Store
from tests.resources.test_store import caption, head, unit

CAPTIONS = Partition("captions", "s")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(Home.of(tmp_path))
    store.commit(Batch(rows=[caption("1")], units=[unit("u", "1")]))
    store.finish(head("1"), ["u"])
    store.upsert(Sheet, [Sheet(id=CAPTIONS.id, jpeg=b"")])
    return store


def test_it_says_what_the_store_says(store: Store) -> None:
    standing = StandingStore(store)
    assert standing.head(CAPTIONS) == store.head(CAPTIONS) is not None
    assert standing.units(CAPTIONS) == store.units(CAPTIONS) == [unit("u", "1")]
    assert standing.current(Caption, shard="s") == [caption("1")]
    assert standing.has_sheet(CAPTIONS)
    # Of another asset at the same key, and of another key, there is nothing.
    for elsewhere in (Partition.of(FilteredImage, shard="s"), Partition("captions", "t")):
        assert standing.head(elsewhere) is None
        assert standing.units(elsewhere) == []
        assert not standing.has_sheet(elsewhere)


def test_it_stands_while_the_store_goes_on(store: Store) -> None:
    standing = StandingStore(store)
    before: Head | None = standing.head(CAPTIONS)
    rows = standing.current(Caption, shard="s")
    rows.clear()
    store.commit(Batch(rows=[caption("2")], units=[unit("v", "2")]))
    store.finish(head("2"), ["v"])
    assert standing.head(CAPTIONS) == before != store.head(CAPTIONS)
    assert standing.current(Caption, shard="s") == [caption("1")]
    assert StandingStore(store).current(Caption, shard="s") == [caption("2")]
