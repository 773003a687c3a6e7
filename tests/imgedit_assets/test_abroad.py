"""Stages made again from names: the same rows, on whatever engine, and no others."""

import pickle
from dataclasses import replace
from importlib.util import find_spec

import pytest

from imgedit_assets.abroad import names_of
from imgedit_assets.graph import stage_of
from imgedit_assets.harness import materialise
from models.faults import ImgEditError
from resources.backends import check_roles
from resources.engine.engine import Place
from resources.engine.local import EngineClock
from resources.factory import Factory
from resources.home import Home
from resources.profile_engine import Actors, Engine
from resources.registration import register
from resources.schema import FilteredImage, MeasuredImage, Partition, SourceImage
from resources.sources.studio import StudioSource

PLACE = Place(cores=1, has_gpu=False, lanes=1)


@pytest.fixture
def shard(factory: Factory) -> str:
    source = StudioSource(shards=1, scenes_per_shard=2, clips_per_shard=0)
    (shard,) = register(factory.store, source, shard_size=2).shards
    materialise(stage_of(factory, Partition.of(SourceImage, shard=shard)))
    return shard


def test_what_is_made_of_names_makes_the_same_rows(factory: Factory, shard: str) -> None:
    stage = stage_of(factory, Partition.of(MeasuredImage, shard=shard), run_id="run")
    names, work = names_of(stage), stage.work()
    assert names is not None
    sent = pickle.dumps([names, work])
    # Rows and names alone go to a worker, no store and no pixels.
    assert len(sent) < 40_000
    names, work = pickle.loads(sent)
    abroad = names.make(PLACE)
    theirs = [
        f.output.rows
        for some in abroad.engine.run(abroad.stage, work, EngineClock(lanes=1))
        for f in some
    ]
    ours = [
        f.output.rows
        for some in factory.engine.run(stage, stage.work(), EngineClock(lanes=1))
        for f in some
    ]
    assert theirs == ours
    assert len(ours) == 2


def test_a_worker_that_would_make_other_rows_refuses(factory: Factory, shard: str) -> None:
    names = names_of(stage_of(factory, Partition.of(MeasuredImage, shard=shard)))
    assert names is not None
    with pytest.raises(ImgEditError, match="one version of imgedit on every node"):
        replace(names, recipe_id="another").make(PLACE)
    with pytest.raises(ImgEditError, match="is not on this node"):
        replace(names, home=Home.of("/nowhere")).make(PLACE)


def test_decisions_stay_with_the_run_and_actors_have_a_role(factory: Factory, shard: str) -> None:
    assert names_of(stage_of(factory, Partition.of(FilteredImage, shard=shard))) is None
    assert names_of(stage_of(factory, Partition.of(SourceImage, shard=shard))) is None
    engine = Engine(kind="ray", actors={"paintre": Actors()})
    with pytest.raises(ImgEditError, match=r"paintre\] is of no role"):
        check_roles(factory.profile.model_copy(update={"engine": engine}))


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is not installed")
def test_a_partition_that_is_made_on_ray_is_that_of_the_local_engine(
    factory: Factory, shard: str
) -> None:
    place = Partition.of(MeasuredImage, shard=shard)
    engine = Engine(kind="ray", cores=1, lanes=1, actors={"aesthetic_scorer": Actors(max=1)})
    on_ray = Factory.of(factory.home, factory.profile.model_copy(update={"engine": engine}))
    try:
        report = materialise(stage_of(on_ray, place))
    finally:
        on_ray.close()
    made = factory.store.current(MeasuredImage, shard=shard)
    here = materialise(stage_of(factory, place))

    assert (report.computed, report.rows, report.rejected) == (2, 2, 0)
    # The local engine finds nothing left to do: units and rows are the very same.
    assert (here.computed, here.rows) == (0, 2)
    assert {row.id for row in made} == {w.row_id() for w in stage_of(factory, place).work()}
