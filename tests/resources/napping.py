"""A stage that naps, by name: what stands for a model in tests of engines, in any process."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.faults import ImgEditError
from resources.engine.engine import Abroad, Place
from resources.engine.local import LocalEngine
from resources.engine.stage import Output, Work
from resources.recipes import Recipe

engine = cache(lambda lanes: LocalEngine(lanes=lanes))


@dataclass(frozen=True, kw_only=True)
class Napping:
    """Doubles numbers, each after a nap; also the names that it is made from.

    `deadly` kills its process, as a driver that crashes does; one in `mortal` does so once.
    """

    nap_s: float = 0.0
    batch_size: int = 2
    readers: int = 0
    deadly: tuple[int, ...] = ()
    mortal: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    scratch: Path = Path()
    actors: str = "painter"

    def make(self, place: Place) -> Abroad:
        return Abroad(stage=self, engine=engine(place.lanes), notes=lambda: ())

    def setup(self) -> None:
        if self.scratch != Path():
            (self.scratch / f"pid-{os.getpid()}").touch()

    def pixels(self, work: Work[int]) -> int:
        return 0

    def prepare(self, work: Work[int]) -> int:
        return work.payload

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int]:
        for _, number in batch:
            time.sleep(self.nap_s)
            mark = self.scratch / f"died-{number}"
            if number in self.deadly or (number in self.mortal and not mark.exists()):
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if number in self.broken:
                msg = "the model is gone: fetch it"
                raise ImgEditError(msg)
        return [number * 2 for _, number in batch]

    def finish(self, work: Work[int], result: int) -> Output:
        assert result == work.payload * 2
        return Output()


def numbers(n: int) -> list[Work[int]]:
    """So many units."""
    recipe = Recipe(stage="napping", version="1")
    return [
        Work(parents=(str(i),), recipe=recipe, payload=i, subject=f"number {i}") for i in range(n)
    ]
