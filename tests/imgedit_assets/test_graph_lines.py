"""The lines of the graph, and stages made from names alone."""

import multiprocessing
import threading
from pathlib import Path

import pytest

from imgedit_assets.graph import GRAPH, stage_of
from imgedit_assets.harness import materialise
from resources.factory import Factory
from resources.home import Home
from resources.registration import register
from resources.schema import ASSET_ROWS, FilteredImage, MeasuredImage, Partition, SourceImage
from resources.sources.studio import StudioSource


@pytest.fixture
def shard(factory: Factory) -> str:
    """A registered shard of two scenes, whose source images are made."""
    source = StudioSource(shards=1, scenes_per_shard=2, clips_per_shard=0)
    (shard,) = register(factory.store, source, shard_size=2).shards
    materialise(stage_of(factory, Partition.of(SourceImage, shard=shard)))
    return shard


def test_every_record_has_a_line_and_every_line_its_record_s_stage() -> None:
    assert list(GRAPH) == list(ASSET_ROWS)
    assert all(line.load().record is line.record for line in GRAPH.values())


def test_an_asset_comes_after_what_it_is_made_from() -> None:
    order = list(GRAPH)
    edges = [(p, name) for name, line in GRAPH.items() for p in line.record.PARENTS]
    assert edges
    assert all(order.index(parent) < order.index(name) for parent, name in edges)


def _work(
    home: Home, profile: str, partition: Partition, found: "multiprocessing.Queue[str]"
) -> None:
    stage = stage_of(Factory.open(home, profile), partition)
    found.put("|".join([stage.recipe.id, *(unit.id for unit in stage.work())]))


def test_another_process_makes_the_same_stage_from_names(
    factory: Factory, shard: str, small_profile: Path
) -> None:
    place = Partition.of(MeasuredImage, shard=shard)
    spawn = multiprocessing.get_context("spawn")
    found = spawn.Queue()
    worker = spawn.Process(target=_work, args=(factory.home, str(small_profile), place, found))
    worker.start()
    theirs = found.get(timeout=120)
    worker.join()
    ours = stage_of(factory, place)
    assert theirs.split("|") == [ours.recipe.id, *(unit.id for unit in ours.work())]
    assert len(theirs.split("|")) == 3


def test_what_looks_at_other_partitions_is_made_alone_in_any_run(
    factory: Factory, shard: str
) -> None:
    told: list[str] = []
    factory.journal.on_warning = told.append
    stage = stage_of(factory, Partition.of(FilteredImage, shard=shard))
    made = threading.Thread(target=materialise, args=(stage,))
    with factory.store.locked(Partition(FilteredImage.TABLE)):
        made.start()
        made.join(timeout=3)
        assert made.is_alive()
        assert factory.store.head(stage.partition) is None
    made.join(timeout=60)
    assert factory.store.head(stage.partition) is not None
    assert "waiting for partition filtered_images|" in told[0]
