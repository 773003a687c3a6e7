"""The devices that this process may use, as `CUDA_VISIBLE_DEVICES` leaves them."""

import shutil
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.batches import free_cached_memory

_lane = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One GPU, or the processor."""

    name: str
    """As torch calls it: "cuda:0" or "cpu"."""
    label: str
    """As a person would: "NVIDIA H100 80GB HBM3"."""
    key: str
    """The same in every process, whatever it may see: a GPU's UUID."""
    total_bytes: int

    @property
    def is_gpu(self) -> bool:
        """Whether it is one that a run takes for itself."""
        return self.name != "cpu"

    def free_bytes(self) -> int:
        """Memory that nobody holds now, with what torch would give back."""
        if not self.is_gpu:
            return int(_memory().available)
        import torch

        free, _ = torch.cuda.mem_get_info(self.name)
        kept = torch.cuda.memory_reserved(self.name) - torch.cuda.memory_allocated(self.name)
        return int(free + kept)

    def used_bytes(self) -> int:
        """Memory of this process's tensors on a GPU; 0 on the processor, where none is counted."""
        if not self.is_gpu:
            return 0
        import torch

        return int(torch.cuda.memory_allocated(self.name))

    def trim(self) -> None:
        """Give freed memory back to the device."""
        free_cached_memory()


def visible_devices() -> tuple[Device, ...]:
    """Every GPU that this process may use; without one, the processor.

    Torch is imported only where the machine has a driver.
    """
    if not _has_driver():
        return (processor(),)
    import torch

    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(
            Device(
                name=f"cuda:{index}",
                label=properties.name,
                key=str(getattr(properties, "uuid", index)),
                total_bytes=properties.total_memory,
            )
        )
    return tuple(found) or (processor(),)


def processor() -> Device:
    """The CPU with the machine's memory."""
    return Device(name="cpu", label="processor", key="cpu", total_bytes=_memory().total)


def _memory() -> Any:  # noqa: ANN401 - psutil has no types
    import psutil

    return psutil.virtual_memory()


def asked_of_driver(what: str) -> list[str]:
    """What NVIDIA's own tool says of each GPU; nothing where there is none. Imports no torch."""
    if (tool := shutil.which("nvidia-smi")) is None:
        return []
    query = [tool, f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
        return said.stdout.splitlines()
    return []


def set_lane(index: int) -> None:
    """Say which of an engine's lanes the calling thread is."""
    _lane.index = index


def lane() -> int:
    """The lane of the calling thread; 0 outside of an engine."""
    return getattr(_lane, "index", 0)


def _has_driver() -> bool:
    return Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None
