"""The local engine: decode, compute and encode overlap in threads, with bounded queues.

Threads suffice: decoders, OpenCV, NumPy and CUDA calls all release the interpreter lock.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Generic, TypeVar

from models.faults import Fault, FaultError, ImgEditError, Reason
from resources.backends import missing_package
from resources.devices.devices import set_lane
from resources.engine.allocator import limit_heaps, trim_heaps
from resources.engine.cores import share_cores
from resources.engine.metering import Meter, metering
from resources.engine.stage import Finished, Output, Stage, Work

if TYPE_CHECKING:
    from resources.engine.engine import Names

log = logging.getLogger(__name__)

P = TypeVar("P")
Item = TypeVar("Item")
Result = TypeVar("Result")

BATCHES_AHEAD = 2
"""Batches decoded before a lane needs them; with the bound on pixels, this bounds memory."""

BYTES_PER_PIXEL = 90
"""What a pixel in flight may take: of the styles, which take most, 31 (sepia) to 89 (pencil)."""

MEMORY_FRAC = 0.5
"""Share of a machine's memory for pixels in flight."""


def pixels_that_fit(memory_bytes: int) -> int:
    """How many pixels may be in flight on a machine with so much memory."""
    return int(memory_bytes * MEMORY_FRAC) // BYTES_PER_PIXEL


@dataclass(slots=True, kw_only=True)
class EngineClock:
    """Where the time of a run went."""

    lanes: int
    wall_s: float = 0.0
    busy_s: float = 0.0
    """Seconds in which a lane was computing, summed over lanes."""
    paid_usd: float = 0.0
    """Billed now; answers that were paid for in an earlier run cost nothing."""
    on_gpu: bool = False
    """Whether the lanes compute on GPUs."""

    @property
    def busy_frac(self) -> float:
        """Share of the lanes' time spent computing, 0 to 1."""
        return self.busy_s / (self.wall_s * self.lanes) if self.wall_s else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Computed:
    outputs: "list[Future[Output]]"
    seconds: float
    meter: Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class _InFlight(Generic[P]):
    work: Sequence[Work[P]]
    pixels: int
    computed: "Future[_Computed]"


class LocalEngine:
    """Runs stages on this machine.

    Args:
        lanes: Batches computed at once: one for each device, or one for each core where a stage
            computes on the CPU. Each is a thread of its own, and knows its number
            (`resources.devices.devices.lane`), by which it gets its device.
        readers: Threads that decode.
        writers: Threads that encode.
        max_pixels: The most that units in flight hold together, by what their stage says of them;
            one unit goes alone, however large. None for no bound.
        cores: What the lanes may use together; 0 for the machine's.
        on_gpu: Whether its lanes compute on GPUs.
    """

    def __init__(
        self,
        *,
        lanes: int = 1,
        readers: int = 2,
        writers: int = 2,
        max_pixels: int | None = None,
        cores: float = 0,
        on_gpu: bool = False,
    ) -> None:
        self.lanes, self.readers, self.writers = lanes, readers, writers
        self.max_pixels, self.cores, self.on_gpu = max_pixels, cores, on_gpu
        # Runs of one engine that overlap, as a cluster's do, share its lanes.
        self._turns = BoundedSemaphore(lanes)
        limit_heaps()

    def close(self) -> None:
        """Nothing is kept between runs."""

    def _pool(self, threads: int, name: str) -> ThreadPoolExecutor:
        numbers = count()
        return ThreadPoolExecutor(
            threads, thread_name_prefix=name, initializer=lambda: set_lane(next(numbers))
        )

    def run(
        self,
        stage: Stage[P, Item, Result],
        work: Sequence[Work[P]],
        clock: EngineClock,
        names: "Names | None" = None,
    ) -> Iterator[list[Finished[P]]]:
        """Do the work batch by batch, yielding finished batches in the order of the work.

        `names` are for engines that make the stage elsewhere.
        """
        del names
        if not work:
            return
        clock.on_gpu = self.on_gpu
        stage.setup()
        share_cores(self.lanes, self.cores)
        started = time.perf_counter()
        window = self.lanes + BATCHES_AHEAD
        with ExitStack() as pools:
            pools.callback(trim_heaps)
            readers, lanes, writers = (
                pools.enter_context(self._pool(n, name))
                for n, name in (
                    (max(self.readers, stage.readers), "read"),
                    (self.lanes, "lane"),
                    (self.writers, "write"),
                )
            )
            pools.callback(lambda: lanes.shutdown(cancel_futures=True))
            pools.callback(lambda: readers.shutdown(cancel_futures=True))
            in_flight: deque[_InFlight[P]] = deque()
            for some, pixels in self._batches(stage, work):
                while in_flight and (len(in_flight) >= window or self._full(in_flight, pixels)):
                    yield from _next(in_flight, clock)
                    clock.wall_s = time.perf_counter() - started
                items = [readers.submit(_prepared, stage, w) for w in some]
                computed = lanes.submit(_computed, stage, some, items, writers, self._turns)
                in_flight.append(_InFlight(work=some, pixels=pixels, computed=computed))
            while in_flight:
                yield from _next(in_flight, clock)
                clock.wall_s = time.perf_counter() - started

    def _batches(
        self, stage: Stage[P, Item, Result], work: Sequence[Work[P]]
    ) -> Iterator[tuple[list[Work[P]], int]]:
        """The work in batches with their pixels: large units make small ones.

        There is room for a batch in each lane, and for one that is decoded meanwhile.
        """
        most = None if self.max_pixels is None else self.max_pixels // (self.lanes + 1)
        some: list[Work[P]] = []
        held = 0
        for unit in work:
            pixels = stage.pixels(unit)
            too_large = most is not None and held + pixels > most
            if some and (len(some) == stage.batch_size or too_large):
                yield some, held
                some, held = [], 0
            some.append(unit)
            held += pixels
        if some:
            yield some, held

    def _full(self, in_flight: Iterable[_InFlight[P]], more: int) -> bool:
        """Whether a batch of so many pixels has to wait for what is in flight."""
        held = sum(flight.pixels for flight in in_flight)
        return self.max_pixels is not None and more > 0 and held + more > self.max_pixels


def _next(in_flight: deque[_InFlight[P]], clock: EngineClock) -> Iterator[list[Finished[P]]]:
    """The oldest batch; if it stopped on a fault of the system, those that are done besides."""
    try:
        finished = _collected(in_flight.popleft(), clock)
    except ImgEditError:
        for flight in in_flight:
            if not flight.computed.cancel():
                with suppress(ImgEditError):
                    yield _collected(flight, clock)
        raise
    yield finished


def _prepared(stage: Stage[P, Item, Result], work: Work[P]) -> Item | Fault:
    try:
        return stage.prepare(work)
    except FaultError as error:
        return error.fault
    except ImgEditError:
        raise
    except BaseException as error:  # a lane is no place to exit from, and Ctrl-C comes to none
        return _worker_fault(work, error)


def _computed(
    stage: Stage[P, Item, Result],
    work: Sequence[Work[P]],
    items: "Sequence[Future[Item | Fault]]",
    writers: ThreadPoolExecutor,
    turns: BoundedSemaphore,
) -> _Computed:
    """Compute a batch and hand each answer to a writer."""
    ready = [item.result() for item in items]
    batch: list[tuple[Work[P], Item]] = [
        (w, item) for w, item in zip(work, ready, strict=True) if not isinstance(item, Fault)
    ]
    with turns, metering() as meter:
        started = time.perf_counter()
        computed = _answers(stage, batch)
        seconds = time.perf_counter() - started
    answers = iter(computed)
    outputs = [item if isinstance(item, Fault) else next(answers) for item in ready]
    written = [
        writers.submit(_finished, stage, w, output) for w, output in zip(work, outputs, strict=True)
    ]
    return _Computed(outputs=written, seconds=seconds, meter=meter)


def _answers(
    stage: Stage[P, Item, Result], batch: Sequence[tuple[Work[P], Item]]
) -> Sequence[Result | Fault]:
    """The batch's answers; a batch that raises is tried row by row, so one row cannot take it."""
    if not batch:
        return []
    try:
        return stage.process(batch)
    except ImgEditError:
        raise
    except BaseException as error:
        if len(batch) == 1:
            fault = error.fault if isinstance(error, FaultError) else None
            return [fault or _worker_fault(batch[0][0], error)]
        return [answer for one in batch for answer in _answers(stage, [one])]


def _finished(stage: Stage[P, Item, Result], work: Work[P], answer: Result | Fault) -> Output:
    if isinstance(answer, Fault):
        return Output(faults=[answer])
    try:
        return stage.finish(work, answer)
    except FaultError as error:
        return Output(faults=[error.fault])
    except ImgEditError:
        raise
    except BaseException as error:
        return Output(faults=[_worker_fault(work, error)])


def _worker_fault(work: Work[P], error: BaseException) -> Fault:
    """The reject of a row that an unexpected error met.

    Raises:
        ImgEditError: A package is not installed, which every row would meet.
    """
    if isinstance(error, ImportError):
        raise ImgEditError(missing_package(error)) from error
    log.exception("unexpected error on %s", work.subject)
    return Fault(reason=Reason.WORKER_ERROR, detail=f"{type(error).__name__}: {error}")


def _collected(flight: _InFlight[P], clock: EngineClock) -> list[Finished[P]]:
    done, n = flight.computed.result(), len(flight.work)
    clock.busy_s += done.seconds
    clock.paid_usd += done.meter.paid_usd
    cost_usd = done.meter.worth_usd / n
    return [
        Finished(work=w, output=o.result(), seconds=done.seconds / n, cost_usd=cost_usd)
        for w, o in zip(flight.work, done.outputs, strict=True)
    ]
