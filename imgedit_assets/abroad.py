"""How a stage is made again on another machine: from names, never from a pickled store."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from imgedit_assets.graph import stage_of
from imgedit_assets.stages.base import AssetStage
from models.faults import ImgEditError
from resources.devices.devices import processor, visible_devices
from resources.engine.engine import Abroad, Place
from resources.factory import Factory
from resources.home import Home
from resources.profile import Profile
from resources.schema import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNames:
    """Home, profile, partition and recipe: what tells any process which rows to make."""

    home: Home
    profile: str
    """As JSON: its file need not be on the other machine."""
    partition: Partition
    run_id: str
    recipe_id: str
    actors: str
    batch_size: int

    def make(self, place: Place) -> Abroad:
        """The stage, over a factory that stays warm for all partitions of a home and a profile.

        Raises:
            ImgEditError: The home is not there, or the code, an edit type or a model is another.
        """
        stage = _stage(self, place)
        return Abroad(
            stage=stage, engine=stage.factory.local_engine, notes=stage.factory.journal.drain
        )


def names_of(stage: AssetStage[Any, Any, Any]) -> StageNames | None:
    """The names of a stage whose work may be done elsewhere; None where it stays with the driver.

    A stage without a role loads no model, and one that is made `alone` decides in order.
    """
    actors = stage.factory.profile.engine.actors
    asset = stage.partition.asset
    whose = asset if asset in actors else stage.role
    if stage.alone or not whose:
        return None
    stage.size_batches()
    return StageNames(
        home=stage.factory.home,
        profile=stage.profile.model_dump_json(),
        partition=stage.partition,
        run_id=stage.run_id,
        recipe_id=stage.recipe.id,
        actors=whose,
        batch_size=stage.batch_size,
    )


@lru_cache(maxsize=1)
def _stage(names: StageNames, place: Place) -> AssetStage[Any, Any, Any]:
    stage = _made(names, place)
    if stage.recipe.id != names.recipe_id:
        # The driver may have trained a judge or an editor since.
        stage.factory.close()
        _factory.cache_clear()
        stage = _made(names, place)
    if stage.recipe.id != names.recipe_id:
        msg = (
            f"a worker would make {names.partition.id} by recipe {stage.recipe.id}, and the run by "
            f"{names.recipe_id}: install one version of imgedit on every node, and give each the "
            "same checkpoints, edit types and backends of your own"
        )
        raise ImgEditError(msg)
    return stage


def _made(names: StageNames, place: Place) -> AssetStage[Any, Any, Any]:
    factory = _factory(names.home, names.profile, place)
    return stage_of(factory, names.partition, run_id=names.run_id)


@lru_cache(maxsize=1)
def _factory(home: Home, profile: str, place: Place) -> Factory:
    if home.is_local and not home.has_tables:
        msg = (
            f"the home {home.uri} is not on this node: put it on a file system that all nodes "
            "share, or on an object store (IMGEDIT_HOME=s3://BUCKET/PREFIX)"
        )
        raise ImgEditError(msg)
    told = Profile.model_validate_json(profile)
    engine = told.engine.model_copy(
        update={"kind": "local", "cores": place.cores, "lanes": place.lanes or told.engine.lanes}
    )
    # The cluster has chosen the devices, and two actors may share one.
    given = visible_devices() if place.has_gpu else (processor(),)
    factory = Factory.of(home, told.model_copy(update={"engine": engine}), given=given)
    if bound := factory.local_engine.max_pixels:
        factory.local_engine.max_pixels = bound // 2  # of each of two blocks at once
    return factory
