"""What a training run tells while it goes: a line now and then, and a log for TensorBoard."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models.judge.vlm.examples import Batch
from models.judge.vlm.step_flops import step_flops, utilisation

_LINES = 20
"""Lines that a run tells in all."""


class Progress:
    """Figures of a run that begins, or goes on, now."""

    def __init__(
        self,
        log: Path,
        *,
        start: int,
        steps: int,
        config: Any,  # noqa: ANN401 - of transformers
        full: bool,
        device: str,
        tell: Callable[[str], None],
    ) -> None:
        """Open the log.

        Args:
            log: Its folder.
            start: Steps that were done before; what a killed run logged after them is hidden.
            steps: Of the whole run.
            config: The base's.
            full: Whether the language model's own weights are trained.
            device: Which one computes.
            tell: Is told a line.
        """
        from torch.utils.tensorboard import SummaryWriter

        self._log = SummaryWriter(str(log), purge_step=start + 1)
        self._steps, self._every = steps, max(1, steps // _LINES)
        self._config, self._full, self._device, self._tell = config, full, device, tell
        self._flops, self._began = 0, time.perf_counter()
        self._last: dict[str, float] = {}

    def write(self, step: int, batches: Sequence[Batch], figures: dict[str, float]) -> None:
        """Note the figures of a step, counted from 1."""
        self._flops += step_flops(self._config, batches, full=self._full)
        self._last = {"loss": figures["loss"]}
        for name, value in figures.items():
            self._log.add_scalar(name, value, step)
        if step % self._every == 0 or step == self._steps:
            self._tell(f"step {step} of {self._steps}: loss {figures['loss']:.3f}")

    def end(self) -> dict[str, float]:
        """Close the log, and say what the run came to."""
        self._log.close()
        seconds = time.perf_counter() - self._began
        share = utilisation(self._flops, seconds, self._device)
        return {
            **self._last,
            "steps": float(self._steps),
            "seconds": seconds,
            "tflops": self._flops / seconds / 1e12,
            **({} if share is None else {"mfu": share}),
        }
