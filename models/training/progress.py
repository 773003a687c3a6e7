"""What a training run tells while it goes: a line now and then, and a log for TensorBoard."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from models.device_peaks import peak_tflops

Batch = TypeVar("Batch")

_LINES = 20
"""Lines that a run tells in all."""


class Progress(Generic[Batch]):
    """Figures of a run that begins, or goes on, now."""

    def __init__(
        self,
        log: Path | None,
        *,
        start: int,
        steps: int,
        flops: Callable[[Sequence[Batch]], float],
        device: str,
        tell: Callable[[str], None],
    ) -> None:
        """Open the log.

        Args:
            log: Its folder; None for nothing to be kept.
            start: Steps that were done before; what a killed run logged after them is hidden.
            steps: Of the whole run.
            flops: Operations of a step with these batches.
            device: Which one computes.
            tell: Is told a line.
        """
        from torch.utils.tensorboard import SummaryWriter

        self.board = SummaryWriter(str(log), purge_step=start + 1) if log else None
        self._steps, self._every = steps, max(1, steps // _LINES)
        self._count, self._device, self._tell = flops, device, tell
        self._flops, self._waited_s, self._began = 0.0, 0.0, time.perf_counter()
        self._last: dict[str, float] = {}

    def write(self, step: int, batches: Sequence[Batch], figures: dict[str, float]) -> None:
        """Note the figures of a step, counted from 1."""
        self._flops += self._count(batches)
        self._waited_s += figures.get("waited_s", 0.0)
        self._last = {"loss": figures["loss"]}
        if self.board:
            for name, value in figures.items():
                self.board.add_scalar(name, value, step)
        if step % self._every == 0 or step == self._steps:
            self._tell(f"step {step} of {self._steps}: loss {figures['loss']:.3f}")

    def end(self) -> dict[str, float]:
        """Close the log, and say what the run came to."""
        if self.board:
            self.board.close()
        seconds = time.perf_counter() - self._began
        share = utilisation(self._flops, seconds, self._device)
        return {
            **self._last,
            "steps": float(self._steps),
            "seconds": seconds,
            "waited_frac": self._waited_s / seconds,
            "tflops": self._flops / seconds / 1e12,
            **({} if share is None else {"mfu": share}),
        }


def utilisation(flops: float, seconds: float, device: str) -> float | None:
    """The share of a device's peak in bfloat16; None on a processor, or an unknown device."""
    if device == "cpu" or not seconds:
        return None
    import torch

    peak = peak_tflops(torch.cuda.get_device_name(device), "bf16")
    return flops / seconds / 1e12 / peak if peak else None
