"""Keeps models warm: loaded on first use, shared by equal specs, evicted when room is needed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models.batches import is_out_of_memory
from models.faults import ImgEditError
from models.hosting import Loaded, ModelSpec
from resources.devices.devices import Device, lane

USABLE_FRAC = 0.9
"""Share of a device's memory for models; the rest is the driver's, and for what they compute."""


class DeviceFullError(ImgEditError):
    """A model does not fit, though all that could leave the device has left it."""


@dataclass(slots=True, kw_only=True)
class _Slot:
    spec: ModelSpec[Any]
    device: Device
    model: Any = None
    size_bytes: int = 0
    used_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the model computes or loads: a pipeline serves one caller at a time."""
    caller: int = 0
    """The thread that holds the lock, or held it last."""


class ModelPool:
    """The `Host` of a run.

    Args:
        devices: What the run owns; lane number n computes on device n, and so on round.
        memory_bytes: The most that models may take on each device; 0 for `USABLE_FRAC` of it.
        tell: Gets a line for each model that is loaded or evicted.
    """

    def __init__(
        self, devices: Sequence[Device], *, memory_bytes: int = 0, tell: Callable[[str], None]
    ) -> None:
        self.devices = tuple(devices)
        self._memory_bytes, self._tell = memory_bytes, tell
        self._slots: dict[tuple[ModelSpec[Any], str], _Slot] = {}
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    @contextmanager
    def use(self, spec: ModelSpec[Loaded]) -> Iterator[Loaded]:
        """A loaded model, to oneself, on the device of the calling lane.

        Raises:
            DeviceFullError: It does not fit, even alone.
            CheckpointError: It cannot be loaded.
        """
        device = self.devices[lane() % len(self.devices)]
        with self._lock:
            slot = self._slots.setdefault((spec, device.name), _Slot(spec=spec, device=device))
        with slot.lock:
            slot.caller = threading.get_ident()
            if slot.model is None:
                self._load(slot)
            try:
                yield slot.model
            finally:
                slot.used_at = time.monotonic()

    def loaded(self) -> tuple[tuple[str, str, int], ...]:
        """Name, device and bytes of every model that is warm now."""
        slots = [slot for slot in self._slots.values() if slot.model is not None]
        return tuple((slot.spec.name, slot.device.name, slot.size_bytes) for slot in slots)

    def close(self) -> None:
        """Free every model that nobody computes with."""
        for slot in list(self._slots.values()):
            self._drop(slot)
        for device in self.devices:
            if device.is_gpu:
                device.trim()

    def _load(self, slot: _Slot) -> None:
        """Load into a slot whose lock is held; one model at a time, so that sizes can be told."""
        with self._loading:
            size = slot.spec.size_bytes()
            self._make_room(slot, size)
            started, before = time.perf_counter(), slot.device.used_bytes()
            try:
                slot.model = self._loaded(slot)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                raise DeviceFullError(self._too_large(slot, size)) from None
            measured = max(slot.device.used_bytes() - before, 0)
            # What its batches need besides is in the estimate alone.
            slot.size_bytes = max(measured, size)
            self._tell(
                f"loaded {slot.spec.name} on {slot.device.name} ({slot.device.label}): "
                f"{(measured or size) / 1e9:.2f} GB in {time.perf_counter() - started:.1f} s"
            )

    def _loaded(self, slot: _Slot) -> Any:  # noqa: ANN401 - any model
        """The model; if memory runs out, once more with the device to itself."""
        try:
            return slot.spec.load(slot.device.name)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            # Another lane may be computing with what is in the way: it ends its batch first.
            if not [other for other in self._others(slot) if self._drop(other, waits=True)]:
                raise
        slot.device.trim()
        return slot.spec.load(slot.device.name)

    def _make_room(self, slot: _Slot, size: int) -> None:
        """Evict the least recently used models until `size` bytes are free, or none is idle."""
        for other in sorted(self._others(slot), key=lambda s: s.used_at):
            if self._free_bytes(slot.device) >= size:
                return
            if self._drop(other):
                slot.device.trim()
                self._tell(f"evicted {other.spec.name} from {other.device.name}")
        if slot.device.is_gpu and self._free_bytes(slot.device) < size:
            # Sizes are estimates, so it is tried all the same.
            self._tell(self._too_large(slot, size))

    def _others(self, slot: _Slot) -> list[_Slot]:
        with self._lock:
            slots = list(self._slots.values())
        return [s for s in slots if s.device == slot.device and s.model is not None]

    def _drop(self, slot: _Slot, *, waits: bool = False) -> bool:
        """Let go of a model that nobody computes with; whether that was so.

        Args:
            slot: The model's.
            waits: Wait for another thread that computes with it; one's own is never waited for.
        """
        if not slot.lock.acquire(blocking=waits and slot.caller != threading.get_ident()):
            return False
        try:
            had, slot.model, slot.size_bytes = slot.model is not None, None, 0
            return had
        finally:
            slot.lock.release()

    def _free_bytes(self, device: Device) -> int:
        """What models may still take: of the share that is theirs, and of what nobody holds."""
        most = self._memory_bytes or int(device.total_bytes * USABLE_FRAC)
        with self._lock:
            taken = sum(s.size_bytes for s in self._slots.values() if s.device == device)
        return min(most - taken, device.free_bytes())

    def _too_large(self, slot: _Slot, size: int) -> str:
        free = self._free_bytes(slot.device) / 1e9
        return (
            f"{slot.spec.name} takes about {size / 1e9:.1f} GB, and {slot.device.name} "
            f'({slot.device.label}) has {free:.1f} GB left: set offload = "model" or quantise = '
            '"int8" under [runtime], or stop what else uses the device'
        )
