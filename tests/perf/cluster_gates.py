"""The Ray engine against the local one, same stage: a stub that takes 0.2 s a row."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gates import Measured, alternating

from models.faults import Fault
from resources.devices.journal import Journal
from resources.engine.engine import Abroad, Place
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.ray_engine import RayEngine
from resources.engine.stage import Output, Work
from resources.profile_engine import Actors, Engine
from resources.recipes import Recipe

ROW_S = 0.2
ROWS = 64
PAYLOAD = bytes(200_000)
"""A patch of a local edit, so that what comes back has a usual size."""


_engine = cache(lambda lanes: LocalEngine(lanes=lanes))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Waits as long as a model works; the stage, and its names."""

    batch_size: int = 4
    readers: int = 0
    actors: str = "painter"

    def make(self, place: Place) -> Abroad:
        """Itself, with one lane."""
        return Abroad(stage=self, engine=_engine(place.lanes), notes=lambda: ())

    def setup(self) -> None:
        """Nothing to load."""

    def pixels(self, work: Work[bytes]) -> int:
        return 0

    def prepare(self, work: Work[bytes]) -> bytes:
        """What was sent."""
        return work.payload

    def process(self, batch: Sequence[tuple[Work[bytes], bytes]]) -> Sequence[bytes | Fault]:
        """Wait for the device."""
        time.sleep(ROW_S * len(batch))
        return [PAYLOAD for _ in batch]

    def finish(self, work: Work[bytes], result: bytes) -> Output:
        """Nothing to encode."""
        return Output()


def work(n: int) -> list[Work[bytes]]:
    """So many units."""
    recipe = Recipe(stage="stub", version="1")
    return [Work(parents=(str(i),), recipe=recipe, payload=b"x", subject="") for i in range(n)]


def _seconds(engine: RayEngine | LocalEngine, rows: int) -> float:
    stage, started = Waiting(), time.perf_counter()
    done = sum(len(some) for some in engine.run(stage, work(rows), EngineClock(lanes=1), stage))
    assert done == rows
    return time.perf_counter() - started


def ray_engine() -> Iterator[Measured]:
    """One warm actor against one local lane, and four against one; starting them is not counted."""
    with TemporaryDirectory(prefix="ray-") as folder:
        one, four = (
            RayEngine(
                Engine(
                    kind="ray",
                    lanes=1,
                    cores=2,
                    actors={"painter": Actors(min=n, max=n, num_cpus=0.25)},
                ),
                local=LocalEngine(),
                needs_device=lambda role: False,
                folder=Path(folder),
                journal=Journal(),
            )
            for n in (1, 4)
        )
        # The first starts Ray and the second joins it; the actors then stay.
        for engine in (one, four):
            _seconds(engine, 16)
        local = LocalEngine(lanes=1)
        ours, theirs = alternating(
            lambda: _seconds(one, ROWS), lambda: _seconds(local, ROWS), rounds=3
        )
        detail = f"{ROWS} rows of {ROW_S} s: {ours:.2f} s against {theirs:.2f} s"
        yield Measured(name="ray_engine", ratio=theirs / ours, detail=detail)
        spread, alone = alternating(
            lambda: _seconds(four, ROWS), lambda: _seconds(one, ROWS), rounds=3
        )
        detail = f"{ROWS} rows, four actors {spread:.2f} s, one {alone:.2f} s"
        yield Measured(name="ray_four_actors", ratio=alone / spread, detail=detail)
        four.close()
        one.close()
