"""A release as a source: every row becomes an item, and the turns of a dialogue share a shard."""

import json
from pathlib import Path

import pytest

from resources.home import Home
from resources.registration import register
from resources.releases.sample import Layout
from resources.releases.source import ReleaseSource
from resources.schema import SourceItemRow
from resources.store import Store
from tests.resources.releases.small_samples import Release


@pytest.mark.parametrize("layout", ["huggingface", "imgedit"])
def test_a_shard_never_begins_in_the_middle_of_a_dialogue(
    release: Release, tmp_path: Path, layout: Layout
) -> None:
    written = release(layout)
    store = Store(Home.of(tmp_path))
    register(store, ReleaseSource(written.folder), shard_size=1)
    items = sorted(store.select(SourceItemRow), key=lambda row: row.ordinal)
    assert len(items) == written.contents.total
    shards: dict[bool, list[str]] = {True: [], False: []}
    for row in items:
        shards[json.loads(row.item)["continues"]].append(row.shard)
    assert len(shards[True]) == 1
    assert len(set(shards[False])) == len(shards[False])
    assert shards[True][0] in shards[False]
