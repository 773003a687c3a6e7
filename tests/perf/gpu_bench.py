"""What the scripts for a GPU share: a synchronised clock, both sides in turns, memory."""

import gc
import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gpu_report import Gate, Measurement, peak_tflops

from models.runtime import Quantised, Runtime


class MissingLibraryError(Exception):
    """A part cannot be run on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the parts are to be run."""

    device: str
    debug: bool
    """Tiny networks on the processor: figures mean nothing, and the path is the same."""
    steps: int
    size_px: int
    rounds: int
    items: int
    """Items of one round of ours; plain use, which is slower, gets `plain_items`."""
    batch: int
    compiled: bool

    @property
    def plain_items(self) -> int:
        """At least one."""
        return max(1, self.items // max(1, self.batch))

    def sized(self, *, items: int, batch: int) -> "Setting":
        """What the command line does not say, a part says."""
        return replace(self, items=self.items or items, batch=self.batch or batch)

    @property
    def dtype(self) -> Any:
        """What networks are made in, as torch names it."""
        import torch

        return torch.float32 if self.debug else torch.bfloat16

    def runtime(self, quantise: Quantised = "") -> Runtime:
        """How ours is run; on the processor, which knows no fp8, with 8-bit integers instead."""
        if self.debug:
            return Runtime(
                dtype="float32", quantise="int8" if quantise else "", quantise_from=QUANTISED_DEBUG
            )
        return Runtime(dtype="bfloat16", compile=self.compiled, quantise=quantise)

    def words(self, runtime: Runtime) -> str:
        """The runtime for the report's table."""
        parts = [runtime.dtype, "compiled" if runtime.compile else "eager", runtime.quantise]
        return " ".join(part for part in parts if part)


QUANTISED_DEBUG = 32
"""Width from which the debug-size networks' linear layers are quantised."""

Part = Callable[[Setting], Iterator[Measurement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two that are compared."""

    words: str
    run: Callable[[], object]
    items: int
    bytes: int | None = None
    """What its networks take on the device."""


def compare(
    part: str,
    ours: Side,
    plain: Side,
    setting: Setting,
    *,
    flops: float,
    gates: Sequence[Gate] = (),
    precision: str = "bf16",
) -> Measurement:
    """Both sides in turns, after a warm-up of each.

    Args:
        part: The name of the figure.
        ours: What is measured.
        plain: What it is held against.
        setting: How many rounds.
        flops: Operations of one item.
        gates: What is asked of it.
        precision: Of most products: "bf16" or "fp8".
    """
    import torch

    name = "" if setting.device == "cpu" else torch.cuda.get_device_name(setting.device)
    ours.run()
    plain.run()
    memory = _peak_memory(ours, setting)
    turns = [(_seconds(ours, setting), _seconds(plain, setting)) for _ in range(setting.rounds)]
    return Measurement(
        part=part,
        ours=ours.words,
        plain=plain.words,
        ours_s=tuple(mine for mine, _ in turns),
        plain_s=tuple(theirs for _, theirs in turns),
        tflop=flops / 1e12,
        peak_tflops=peak_tflops(name, precision),
        precision=precision,
        memory_gb=memory,
        gates=() if setting.debug else tuple(gates),
    )


def _seconds(side: Side, setting: Setting) -> float:
    """Seconds for each item, with all that the device was asked to do."""
    synchronise(setting.device)
    started = time.perf_counter()
    side.run()
    synchronise(setting.device)
    return (time.perf_counter() - started) / side.items


def synchronise(device: str) -> None:
    """Wait until a GPU has done what it was asked."""
    import torch

    if device != "cpu":
        torch.cuda.synchronize(device)


def _peak_memory(side: Side, setting: Setting) -> float | None:
    """GB of one round, without what the other side's networks hold."""
    import torch

    if setting.device == "cpu" or side.bytes is None:
        return None
    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(setting.device)
    torch.cuda.reset_peak_memory_stats(setting.device)
    side.run()
    synchronise(setting.device)
    used = torch.cuda.max_memory_allocated(setting.device) - before
    return float(used + side.bytes) / 1e9


def built(make: Callable[[], Any], setting: Setting) -> tuple[Any, int | None]:
    """Something made on the device, and the bytes that it takes there."""
    import torch

    if setting.device == "cpu":
        return make(), None
    free()
    before = torch.cuda.memory_allocated(setting.device)
    made = make()
    free()
    return made, torch.cuda.memory_allocated(setting.device) - before


def free() -> None:
    """Give back what nobody holds any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def making(device: str, dtype: Any) -> Iterator[None]:
    """Networks made in this block come to be on a device, in a dtype of torch, from one seed."""
    import torch

    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


def require(*libraries: str) -> None:
    """Make sure that libraries are installed.

    Raises:
        MissingLibraryError: One is not.
    """
    if missing := [name for name in libraries if importlib.util.find_spec(name) is None]:
        msg = f"{', '.join(missing)} not installed: pip install --no-deps with the pins of "
        msg += "requirements-models.txt"
        raise MissingLibraryError(msg)
