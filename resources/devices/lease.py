"""One owner for each GPU: a run holds a lock on every device that it uses."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from resources.devices.devices import Device
from resources.locks import TIMEOUT_VARIABLE, LockError, holder_of, patience_s, taken
from resources.private import make_home

_ASK_AGAIN_S = 2.0


class Leases:
    """The devices that this process owns until it lets go of them, or dies.

    Args:
        folder: Where the locks stand; every run of a home shares it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[FileLock] = []

    def take(
        self, devices: Sequence[Device], *, most: int, tell: Callable[[str], None]
    ) -> tuple[Device, ...]:
        """Take the devices that are free; waits for one where all are held by other runs.

        Args:
            devices: What there is. The processor is nobody's and needs no lock.
            most: How many to take; 0 for all that are free.
            tell: Gets a line if there is a wait.

        Raises:
            LockError: None became free in time, or the file system has no locks.
        """
        if not any(device.is_gpu for device in devices):
            return tuple(devices)
        limit_s, started, waiting = patience_s(), time.monotonic(), False
        while not (free := self._free(devices, most or len(devices))):
            holders = "; ".join(
                f"{d.name} is held by {holder_of(self._lock_of(d))}" for d in devices
            )
            if not waiting:
                tell(f"waiting for a device: {holders}")
                waiting = True
            if time.monotonic() - started >= limit_s:
                msg = (
                    f"no device was free for {limit_s:.0f} s: {holders}; let them finish or end "
                    f"them, then run again ({TIMEOUT_VARIABLE} sets how long to wait)"
                )
                raise LockError(msg)
            time.sleep(min(_ASK_AGAIN_S, limit_s))
        return free

    def _free(self, devices: Sequence[Device], most: int) -> tuple[Device, ...]:
        free: list[Device] = []
        make_home(self._folder.parent)
        self._folder.mkdir(exist_ok=True)
        for device in devices:
            if len(free) == most:
                break
            if lock := taken(self._lock_of(device)):
                self._held.append(lock)
                free.append(device)
        return tuple(free)

    def _lock_of(self, device: Device) -> Path:
        return self._folder / f"device-{device.key}.lock"

    def give_back(self) -> None:
        """Let go of all of them."""
        while self._held:
            self._held.pop().release()
