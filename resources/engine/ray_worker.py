"""What a Ray actor is: a warm stage, and the local engine over the blocks that it is given."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from models.faults import ImgEditError
from resources.engine.engine import Names, Place
from resources.engine.local import EngineClock
from resources.engine.stage import Output, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One unit, by its id: the driver has the rest."""

    id: str
    output: Output
    seconds: float
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What comes back of a block at once."""

    done: Sequence[Done] = ()
    busy_s: float = 0.0
    paid_usd: float = 0.0
    notes: Sequence[str] = ()
    error: str = ""
    """A fault of the system, which ends the run."""


class Worker:
    """An actor's state is what `Names.make` keeps warm in its process."""

    def __init__(self, place: Place) -> None:
        self.place = place
        # It begins a block while it ends another, and what it loads is loaded once.
        self._making = threading.Lock()

    def ready(self) -> bool:
        """Answered once the process is up."""
        return True

    def run(self, names: Names, work: Sequence[Work[Any]]) -> Iterator[Part]:
        """Do a block, telling of each batch as it is finished."""
        clock = EngineClock(lanes=1)
        busy_s = paid_usd = 0.0
        try:
            with self._making:
                abroad = names.make(self.place)
            for finished in abroad.engine.run(abroad.stage, work, clock):
                yield Part(
                    done=[
                        Done(id=f.work.id, output=f.output, seconds=f.seconds, cost_usd=f.cost_usd)
                        for f in finished
                    ],
                    busy_s=clock.busy_s - busy_s,
                    paid_usd=clock.paid_usd - paid_usd,
                    notes=abroad.notes(),
                )
                busy_s, paid_usd = clock.busy_s, clock.paid_usd
        except ImgEditError as error:
            yield Part(error=str(error))
