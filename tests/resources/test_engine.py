"""The local engine: order, isolation of faults, overlap."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from models.faults import Fault, FaultError, ImgEditError, Reason
from resources.devices.devices import lane
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.metering import charge
from resources.engine.stage import Output, Work
from resources.recipes import Recipe


@dataclass
class Doubling:
    """Doubles numbers; what goes wrong where is set by the test."""

    batch_size: int = 3
    readers: int = 0
    bad_prepare: set[int] = field(default_factory=set)
    bad_process: set[int] = field(default_factory=set)
    bad_finish: set[int] = field(default_factory=set)
    broken: bool = False
    lacks: str = ""
    nap_s: float = 0.0
    done: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def setup(self) -> None:
        self.ready = True

    def pixels(self, work: Work[int]) -> int:
        return 0

    def prepare(self, work: Work[int]) -> int:
        time.sleep(self.nap_s)
        if work.payload in self.bad_prepare:
            raise FaultError(Reason.TRUNCATED, "cut")
        return work.payload

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int | Fault]:
        assert self.ready
        time.sleep(self.nap_s)
        if self.broken:
            msg = "the model is gone"
            raise ImgEditError(msg)
        if self.lacks:
            msg = f"No module named '{self.lacks}'"
            raise ModuleNotFoundError(msg, name=self.lacks)
        if any(n in self.bad_process for _, n in batch):
            msg = "a batch with a bad row"
            raise ZeroDivisionError(msg)
        return [n * 2 for _, n in batch]

    def finish(self, work: Work[int], result: int) -> Output:
        time.sleep(self.nap_s)
        if work.payload in self.bad_finish:
            msg = "no room"
            raise KeyError(msg)
        with self.lock:
            self.done.append(result)
        return Output()


def _work(n: int) -> list[Work[int]]:
    recipe = Recipe(stage="double", version="1")
    return [Work(parents=(str(i),), recipe=recipe, payload=i, subject=str(i)) for i in range(n)]


def _run(stage: Doubling, n: int, **engine: int) -> list[tuple[int, list[Reason]]]:
    batches = LocalEngine(**engine).run(stage, _work(n), EngineClock(lanes=engine.get("lanes", 1)))
    return [
        (f.work.payload, [fault.reason for fault in f.output.faults]) for b in batches for f in b
    ]


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 3, 20])
def test_every_unit_comes_back_once_and_in_order(lanes: int, n: int) -> None:
    stage = Doubling()
    assert _run(stage, n, lanes=lanes) == [(i, []) for i in range(n)]
    assert sorted(stage.done) == [2 * i for i in range(n)]


def test_a_bad_row_costs_only_itself() -> None:
    stage = Doubling(bad_prepare={1}, bad_process={4}, bad_finish={7})
    reasons = dict(_run(stage, 9))
    assert reasons[1] == [Reason.TRUNCATED]
    assert reasons[4] == reasons[7] == [Reason.WORKER_ERROR]
    assert sorted(stage.done) == [0, 4, 6, 10, 12, 16]


@dataclass
class Exiting(Doubling):
    """Raises what no row should raise, at one row of each step."""

    raised: type[BaseException] = SystemExit

    def prepare(self, work: Work[int]) -> int:
        if work.payload == 1:
            raise self.raised
        return super().prepare(work)

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int | Fault]:
        if any(n == 4 for _, n in batch):
            raise self.raised
        return super().process(batch)

    def finish(self, work: Work[int], result: int) -> Output:
        if work.payload == 7:
            raise self.raised
        return super().finish(work, result)


@pytest.mark.parametrize(
    "raised", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException, RecursionError]
)
def test_a_row_that_would_end_the_process_costs_only_itself(raised: type[BaseException]) -> None:
    done = _run(Exiting(raised=raised), 9, lanes=2)
    faulty = {n: reasons for n, reasons in done if reasons}
    assert faulty == {n: [Reason.WORKER_ERROR] for n in (1, 4, 7)}


def test_a_fault_of_the_system_stops_the_run() -> None:
    with pytest.raises(ImgEditError, match="gone"):
        _run(Doubling(broken=True), 9)


def test_decode_and_encode_overlap_compute() -> None:
    stage = Doubling(batch_size=1, nap_s=0.02)
    clock = EngineClock(lanes=1)
    for _ in LocalEngine(lanes=1).run(stage, _work(30), clock):
        pass
    # One after another, compute would have a third of the time.
    assert clock.busy_frac > 0.75


def test_abandoning_a_run_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    run = LocalEngine(lanes=2).run(Doubling(nap_s=0.01), _work(50), EngineClock(lanes=2))
    next(run)
    run.close()
    assert threading.active_count() == before


@dataclass
class Metered(Doubling):
    """A stage whose batches cost money, and that notes the lanes it ran in."""

    lanes: set[int] = field(default_factory=set)

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int | Fault]:
        charge(paid_usd=0.5, worth_usd=2.0)
        self.lanes.add(lane())
        return super().process(batch)


def test_a_batch_shares_what_it_cost_and_the_clock_tells_what_was_billed_now() -> None:
    clock = EngineClock(lanes=2)
    batches = LocalEngine(lanes=2).run(Metered(batch_size=2), _work(4), clock)
    assert [f.cost_usd for batch in batches for f in batch] == [1.0] * 4
    assert clock.paid_usd == 1.0


def test_lanes_know_their_numbers() -> None:
    stage = Metered(batch_size=1, nap_s=0.02)
    _run(stage, 8, lanes=3)
    assert stage.lanes == {0, 1, 2}


def test_a_package_that_is_not_installed_ends_the_run_and_rejects_nothing() -> None:
    with pytest.raises(ImgEditError, match="torch is not installed: make install-models"):
        _run(Doubling(lacks="torch"), 6)


@dataclass
class Stopping(Doubling):
    """Its second batch finds the endpoint gone; the third is already on its way."""

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int | Fault]:
        if batch[0][1] == 1:
            time.sleep(0.1)
            msg = "the endpoint is gone"
            raise ImgEditError(msg)
        return super().process(batch)


def test_what_other_lanes_finish_is_kept_when_one_stops() -> None:
    clock, kept = EngineClock(lanes=3), []
    batches = LocalEngine(lanes=3).run(Stopping(batch_size=1), _work(3), clock)
    with pytest.raises(ImgEditError, match="endpoint is gone"):
        kept.extend(f.work.payload for batch in batches for f in batch)
    assert kept == [0, 2]


@dataclass
class Weighed(Doubling):
    """Notes the most pixels that its units held at once, and the sizes of its batches."""

    sizes: tuple[int, ...] = ()
    held: int = 0
    most: int = 0
    batches: list[list[int]] = field(default_factory=list)

    def pixels(self, work: Work[int]) -> int:
        return self.sizes[work.payload]

    def prepare(self, work: Work[int]) -> int:
        with self.lock:
            self.held += self.pixels(work)
            self.most = max(self.most, self.held)
        return super().prepare(work)

    def process(self, batch: Sequence[tuple[Work[int], int]]) -> list[int | Fault]:
        with self.lock:
            self.batches.append([n for _, n in batch])
        return super().process(batch)

    def finish(self, work: Work[int], result: int) -> Output:
        output = super().finish(work, result)
        with self.lock:
            self.held -= self.pixels(work)
        return output


@pytest.mark.parametrize("lanes", [1, 2])
def test_units_in_flight_hold_no_more_pixels_than_they_may(lanes: int) -> None:
    stage = Weighed(batch_size=4, sizes=(10,) * 24, nap_s=0.005)
    assert len(_run(stage, 24, lanes=lanes, max_pixels=40)) == 24
    # As many as fit are in flight at once, or the bound would be met by doing nothing.
    assert stage.most == 40
    assert {len(batch) for batch in stage.batches} == {4 // (lanes + 1)}


def test_a_unit_larger_than_the_bound_goes_alone() -> None:
    stage = Weighed(batch_size=4, sizes=(1, 1, 500, 1, 1, 700, 600), nap_s=0.005)
    assert [n for n, _ in _run(stage, 7, max_pixels=40)] == list(range(7))
    assert stage.batches == [[0, 1], [2], [3, 4], [5], [6]]
    assert stage.most == 700


def test_units_that_hold_no_picture_are_not_held_up() -> None:
    stage = Weighed(batch_size=4, sizes=(0,) * 12, nap_s=0.005)
    _run(stage, 12, lanes=2, max_pixels=1)
    assert {len(batch) for batch in stage.batches} == {4}
