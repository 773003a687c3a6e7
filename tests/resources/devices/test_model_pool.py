"""Models kept warm on devices: shared, evicted, one caller at a time."""

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from resources.devices.devices import Device, set_lane
from resources.devices.journal import Journal
from resources.devices.lease import Leases
from resources.devices.pool import DeviceFullError, ModelPool

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A model that is so many bytes of memory."""

    name: str
    megabytes: int
    fails_below: int = 0
    log: list[str] = field(default_factory=list, compare=False)

    def size_bytes(self) -> int:
        return self.megabytes * MB

    def load(self, device: str) -> bytearray:
        self.log.append(device)
        if len(self.log) <= self.fails_below:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return bytearray(self.megabytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(Device):
    """A device of so much memory, on a machine without one."""

    def free_bytes(self) -> int:
        return self.total_bytes

    def used_bytes(self) -> int:
        return 0

    def trim(self) -> None:
        """There is nothing to give back."""


def pool_of(*sizes_mb: int) -> tuple[ModelPool, list[str]]:
    told: list[str] = []
    rooms = [
        Room(name=f"room:{i}", label="room", key=str(i), total_bytes=mb * MB)
        for i, mb in enumerate(sizes_mb)
    ]
    return ModelPool(rooms, tell=told.append), told


@pytest.fixture(autouse=True)
def _first_lane() -> None:
    set_lane(0)


def names(pool: ModelPool) -> set[str]:
    return {name for name, _, _ in pool.loaded()}


def test_equal_specs_share_one_model_and_it_stays() -> None:
    pool, told = pool_of(100)
    log: list[str] = []
    for _ in range(3):
        with pool.use(Block(name="clip", megabytes=10, log=log)) as first:
            pass
    with pool.use(Block(name="clip", megabytes=10, log=log)) as again:
        assert again is first
    assert log == ["room:0"]
    assert len(told) == 1
    assert told[0].startswith("loaded clip on room:0 (room): 0.01 GB")


def test_the_least_recently_used_leaves_first() -> None:
    pool, told = pool_of(100)
    for name in ("a", "b", "a"):
        with pool.use(Block(name=name, megabytes=40)):
            pass
    with pool.use(Block(name="c", megabytes=40)):
        pass
    assert names(pool) == {"a", "c"}
    assert "evicted b from room:0" in told


def test_a_model_that_computes_is_never_evicted() -> None:
    pool, _ = pool_of(100)
    with pool.use(Block(name="busy", megabytes=60)) as busy:
        with pool.use(Block(name="other", megabytes=60)):
            assert names(pool) == {"busy", "other"}
        with pool.use(Block(name="third", megabytes=60)):
            assert "busy" in names(pool)
        assert len(busy) == 60


def test_out_of_memory_while_loading_clears_the_device_and_tries_again() -> None:
    pool, _ = pool_of(1000)
    with pool.use(Block(name="idle", megabytes=1)):
        pass
    with pool.use(Block(name="large", megabytes=1, fails_below=1)):
        assert names(pool) == {"large"}


def test_a_model_that_computes_elsewhere_is_waited_for_where_memory_runs_out() -> None:
    pool, _ = pool_of(1000)
    computing, over = threading.Event(), threading.Event()

    def compute() -> None:
        set_lane(0)
        with pool.use(Block(name="busy", megabytes=1)):
            computing.set()
            over.wait(10)

    lane = threading.Thread(target=compute)
    lane.start()
    assert computing.wait(10)
    threading.Timer(0.2, over.set).start()
    with pool.use(Block(name="large", megabytes=1, fails_below=1)):
        assert over.is_set()
        assert names(pool) == {"large"}
    lane.join()


def test_a_model_of_ones_own_is_not_waited_for() -> None:
    pool, _ = pool_of(1000)
    with (
        pool.use(Block(name="outer", megabytes=1)),
        pytest.raises(DeviceFullError),
        pool.use(Block(name="large", megabytes=1, fails_below=9)),
    ):
        pytest.fail("it does not fit")


def test_what_does_not_fit_alone_names_sizes_and_remedy() -> None:
    pool, _ = pool_of(1000)
    with (
        pytest.raises(DeviceFullError, match=r"takes about 2\.0 GB.*room:0.*offload"),
        pool.use(Block(name="flux", megabytes=2000, fails_below=9)),
    ):
        pytest.fail("it does not fit")


def test_each_lane_has_its_device_and_callers_of_one_model_take_turns() -> None:
    pool, _ = pool_of(100, 100)
    spec = Block(name="painter", megabytes=10)
    inside, most = [0, 0], [0, 0]

    def work(lane: int) -> None:
        set_lane(lane)
        with pool.use(spec):
            inside[lane % 2] += 1
            most[lane % 2] = max(most[lane % 2], inside[lane % 2])
            time.sleep(0.02)
            inside[lane % 2] -= 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(spec.log) == ["room:0", "room:1"]
    assert most == [1, 1]


def test_close_frees_everything() -> None:
    pool, _ = pool_of(100)
    with pool.use(Block(name="a", megabytes=10)):
        pass
    pool.close()
    assert pool.loaded() == ()


def test_a_device_has_one_owner_at_a_time(tmp_path: Path) -> None:
    devices = [
        Device(name=f"cuda:{i}", label="GPU", key=f"uuid-{i}", total_bytes=1) for i in range(2)
    ]
    first, second, told = Leases(tmp_path), Leases(tmp_path), []
    assert first.take(devices, most=1, tell=told.append) == (devices[0],)
    assert second.take(devices, most=0, tell=told.append) == (devices[1],)
    assert told == []
    threading.Timer(0.3, first.give_back).start()
    assert Leases(tmp_path).take(devices, most=0, tell=told.append) == (devices[0],)
    assert "waiting for a device" in told[0]


def test_the_processor_is_nobodys(tmp_path: Path) -> None:
    cpu = Device(name="cpu", label="processor", key="cpu", total_bytes=1)
    for _ in range(2):
        assert Leases(tmp_path).take([cpu], most=0, tell=print) == (cpu,)


def test_a_warning_of_a_backend_is_heard_at_once_and_noted() -> None:
    heard: list[str] = []
    journal = Journal()
    journal.on_warning = heard.append
    journal.listen()
    try:
        for _ in range(2):
            logging.getLogger("resources.checkpoints").warning("downloading %s", "sdxl")
    finally:
        journal.stop()
    journal.tell("loaded sdxl")
    assert heard == ["downloading sdxl"]
    assert journal.drain() == ("downloading sdxl (2 times)", "loaded sdxl")
