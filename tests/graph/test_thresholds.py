"""A moved threshold decides its gate again, and no model is asked for anything."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from imgedit_assets.graph import GRAPH
from imgedit_assets.harness import materialise
from imgedit_assets.stages.acceptance import AcceptedPairs
from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.editable_regions import EditableRegions
from imgedit_assets.stages.gate import Gate
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.instructions import Instructions
from imgedit_assets.stages.probes import JudgeProbes
from models.regions.thresholds import GateThresholds
from resources.factory import Factory
from resources.home import Home
from resources.profile import Accept, Images, load_profile
from resources.registration import register
from resources.schema import Instruction
from resources.sources.studio import StudioSource
from resources.store import Store

SHARD, EDIT_TYPE = "studio-0000", "remove"

STAGES = [line.load() for line in GRAPH.values()]

GATES = {"images": FilteredImages, "regions": EditableRegions, "accept": AcceptedPairs}
"""Sections of a profile that hold thresholds, with the gate of each."""

BETWEEN: dict[str, Any] = {
    "images": Images(
        min_short_side_px=1000, min_aesthetic=5.3, near_duplicate_bits=20, max_unsafe=0.003
    ),
    "regions": GateThresholds(
        object_min_area_frac=0.025,
        object_max_area_frac=0.13,
        object_min_crop_score=0.9985,
        object_large_area_frac=0.1,
        background_min_area_frac=0.65,
        background_max_area_frac=0.95,
    ),
    "accept": Accept(max_unsafe=0.003),
}
"""Thresholds that lie between what is measured of two scenes: moved, they let less through."""

NO_MATTER_HERE = {
    "background_min_crop_score": "the embedder says nothing of drawn backgrounds",
    **dict.fromkeys(
        ("min_score", "min_adherence", "min_quality", "min_preservation"),
        "an object is taken away from a drawing without a trace: all scores are 5",
    ),
    **dict.fromkeys(
        ("max_bad_frac", "bad_confidence"), "the metric judge tells no probability that is proven"
    ),
}


class Watched(Factory):
    """Writes down whose backends are asked for, other than for their names."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: set[str] = set()

    def backend(self, role: str, *, ready: bool = True) -> Any:
        if ready:
            self.asked.add(role)
        return super().backend(role, ready=ready)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where two scenes have become accepted pairs."""
    home = tmp_path_factory.mktemp("made")
    factory = watched(Factory.open(Home.of(home)).store)
    source = StudioSource(shards=1, scenes_per_shard=2, clips_per_shard=0)
    (shard,) = register(factory.store, source, shard_size=2).shards
    assert shard == SHARD
    run(factory, STAGES)
    factory.close()
    roles = {"aesthetic_scorer", "safety_filter", "embedder", "describer", "detector", "segmenter"}
    assert factory.asked >= roles | {"instruction_writer", "painter", "judge"}
    return home


def watched(store: Store, **sections: Any) -> Watched:
    """A factory of the thresholds between, or of others."""
    return Watched(store=store, profile=load_profile().model_copy(update=BETWEEN | sections))


def run(factory: Factory, stages: Iterable[type[AssetStage[Any, Any, Any]]]) -> None:
    """Bring the shard up to date, but for the probes: they are drawn from the pairs that are there,
    and where one goes another is judged in its place.
    """
    keys = {"shard": SHARD, "edit_type": EDIT_TYPE}
    for stage in stages:
        if stage is not JudgeProbes and keys.keys() >= {*stage.record.AXES}:
            materialise(stage(factory, **keys))


def passed(store: Store, gate: type[Gate[Any]]) -> set[str]:
    """The ids of what a gate lets through."""
    return {row.id for row in store.current(gate.record, shard=SHARD, edit_type=EDIT_TYPE)}


def values_of(section: Any) -> dict[str, Any]:
    values: dict[str, Any] = TypeAdapter(type(section)).dump_python(section)
    return values


def moved(section: str, name: str, *, up: bool) -> Any:
    """The section with a threshold moved as far as it may be, by half at most."""
    now = BETWEEN[section]
    for step in (0.5, 0.25, 0.05, 0.001):
        value = values_of(now)[name] * (1 + step if up else 1 - step)
        try:
            return TypeAdapter(type(now)).validate_python(values_of(now) | {name: value})
        except ValidationError:
            continue
    pytest.fail(f"{section}.{name} cannot be moved")


@pytest.mark.parametrize(
    ("section", "name"),
    [(section, name) for section in GATES for name in values_of(BETWEEN[section])],
)
def test_a_moved_threshold_asks_no_model(
    made: Path, tmp_path: Path, section: str, name: str
) -> None:
    shutil.copytree(made, tmp_path / "home")
    store, gate = Factory.open(Home.of(tmp_path / "home")).store, GATES[section]
    before = passed(store, gate)
    is_most = "max" in name

    wide = watched(store, **{section: moved(section, name, up=is_most)})
    run(wide, [gate])
    assert passed(store, gate) >= before
    assert not wide.asked

    narrow = watched(store, **{section: moved(section, name, up=not is_most)})
    written = store.current(Instruction, shard=SHARD, edit_type=EDIT_TYPE)
    below = STAGES.index(gate) + 1
    run(narrow, STAGES[:below])
    assert passed(store, gate) <= before
    assert (passed(store, gate) == before) == (name in NO_MATTER_HERE)
    assert not narrow.asked

    if gate is EditableRegions:
        run(narrow, [Instructions])
        again = set(store.current(Instruction, shard=SHARD, edit_type=EDIT_TYPE)) - set(written)
        gone = before - passed(store, gate)
        assert {i.image_id for i in again} <= {
            i.image_id for i in written if gone.intersection(i.region_ids)
        }
        if again:
            return
    run(narrow, STAGES[below:])
    assert not narrow.asked
