"""The Ray engine: the same work as the local one, whatever dies on the way."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.faults import ImgEditError, Reason
from resources.devices.journal import Journal
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.ray_cluster import ClusterError
from resources.engine.ray_engine import RayEngine
from resources.profile_engine import Actors, Engine
from tests.resources.napping import Napping, numbers

# Found, not imported: Ray reads how it is to authenticate when it is imported.
if find_spec("ray") is None:
    pytest.skip("the extra `cluster` is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayEngine]:
    made = _engine(tmp_path_factory.mktemp("ray"), {"painter": Actors(num_cpus=0.5, max=2)})
    yield made
    made.close()


def _engine(folder: Path, actors: dict[str, Actors]) -> RayEngine:
    return RayEngine(
        Engine(kind="ray", lanes=1, cores=2, actors=actors),
        local=LocalEngine(),
        needs_device=lambda role: False,
        folder=folder,
        journal=Journal(),
    )


def test_every_unit_comes_back_once_and_actors_stay_warm(engine: RayEngine, tmp_path: Path) -> None:
    stage, work, clock = Napping(nap_s=0.05, scratch=tmp_path), numbers(30), EngineClock(lanes=1)
    for _ in range(2):
        done = [f.work.id for some in engine.run(stage, work, clock, stage) for f in some]
        assert sorted(done) == sorted(unit.id for unit in work)
    assert clock.busy_s >= 2 * 30 * 0.05
    assert 1 <= len(list(tmp_path.glob("pid-*"))) <= 2 + 1  # one alone is kept in between


def test_what_dies_with_a_worker_is_done_again_and_a_deadly_row_is_rejected(
    engine: RayEngine, tmp_path: Path
) -> None:
    stage, work = Napping(deadly=(4,), mortal=(9,), scratch=tmp_path), numbers(12)
    run = engine.run(stage, work, EngineClock(lanes=1), stage)
    done = {f.work.payload: f.output for some in run for f in some}
    assert sorted(done) == list(range(12))
    (fault,) = done.pop(4).faults
    assert fault.reason is Reason.KILLED_WORKER
    assert "3 workers died" in fault.detail
    assert all(not output.faults for output in done.values())


def test_a_fault_of_the_system_comes_through_in_words(engine: RayEngine) -> None:
    stage = Napping(broken=(3,))
    with pytest.raises(ImgEditError, match="the model is gone: fetch it"):
        list(engine.run(stage, numbers(8), EngineClock(lanes=1), stage))


def test_more_than_this_machine_has_is_refused_at_once(engine: RayEngine, tmp_path: Path) -> None:
    greedy = _engine(tmp_path, {"painter": Actors(num_gpus=64)})
    with pytest.raises(ClusterError, match="64 GPU, which this machine does not have"):
        list(greedy.run(Napping(), numbers(1), EngineClock(lanes=1), Napping()))
