"""One owner for each GPU: a run holds a lock on every device that it uses."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from resources.devices.devices import Device
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
        """
        if not any(device.is_gpu for device in devices):
            return tuple(devices)
        waiting = False
        while not (taken := self._free(devices, most or len(devices))):
            if not waiting:
                held = ", ".join(device.name for device in devices)
                tell(f"waiting for a device: {held} are held by other runs of this home")
                waiting = True
            time.sleep(_ASK_AGAIN_S)
        return taken

    def _free(self, devices: Sequence[Device], most: int) -> tuple[Device, ...]:
        taken: list[Device] = []
        make_home(self._folder.parent)
        self._folder.mkdir(exist_ok=True)
        for device in devices:
            if len(taken) == most:
                break
            lock = FileLock(self._folder / f"device-{device.key}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                continue
            self._held.append(lock)
            taken.append(device)
        return tuple(taken)

    def give_back(self) -> None:
        """Let go of all of them."""
        while self._held:
            self._held.pop().release()
