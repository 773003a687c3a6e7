"""The steps of supervised training: batches made ahead, loss of the answers alone, a sane end."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any, TypeVar

from models.faults import ImgEditError
from models.judge.vlm.examples import IGNORED, Batch
from models.judge.vlm.saved import Saved, save

T = TypeVar("T")

_AHEAD = 2
"""Steps whose batches are made while others are computed."""


class DivergedError(ImgEditError):
    """Training came to numbers that are not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How far each step goes: a warm-up, then half a cosine down to nothing."""

    steps: int
    learning_rate: float
    warmup_frac: float
    clip: float
    """Largest norm of the gradient; a larger one is shortened."""

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = max(1, round(self.warmup_frac * self.steps))
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        done = (step - warmup) / max(1, self.steps - warmup)
        return self.learning_rate * (1 + cos(pi * done)) / 2


@dataclass(slots=True, kw_only=True)
class Trainer:
    """A model in training."""

    model: Any
    optimiser: Any
    pace: Pace
    device: str
    lower: bool
    """Whether products are computed in bfloat16, what is trained staying in float32."""

    def step(self, step: int, batches: Sequence[Batch]) -> tuple[float, float]:
        """One step; the loss of an answer's token, and the norm of the gradient.

        Numbers that are not finite change no weight.
        """
        import torch

        said = sum(int((batch.answers != IGNORED).sum()) for batch in batches)
        total = torch.zeros((), device=self.device)
        for batch in batches:
            loss = self.loss(batch) / said
            loss.backward()
            total += loss.detach()
        trained = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(trained, self.pace.clip)
        found, size = torch.stack([total, norm]).tolist()
        if isfinite(found) and isfinite(size):
            for group in self.optimiser.param_groups:
                group["lr"] = self.pace.rate(step)
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return found, size

    def mean_loss(self, batches: Iterable[Batch]) -> float:
        """The loss of an answer's token over batches that are not learnt."""
        import torch

        self.model.eval()
        total, said = 0.0, 0
        with torch.inference_mode():
            for batch in batches:
                total += float(self.loss(batch))
                said += int((batch.answers != IGNORED).sum())
        self.model.train()
        return total / said

    def loss(self, batch: Batch) -> Any:  # noqa: ANN401 - a tensor
        """The sum over the answers' tokens of the negative logarithm of their odds."""
        import torch

        inputs = {name: tensor.to(self.device) for name, tensor in batch.inputs.items()}
        answers = batch.answers.to(self.device)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.lower):
            # One place more than the answer has: each token follows from the place before it.
            kept = self.model(**inputs, logits_to_keep=answers.shape[1] + 1, use_cache=False).logits
        return torch.nn.functional.cross_entropy(
            kept[:, :-1].flatten(0, 1).float(),
            answers.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Where a run leaves what it came to."""

    states: Path
    save_every: int
    recipe: str
    write: Callable[[int, Sequence[Batch], dict[str, float]], None]
    """Is given the figures of a step by name."""


def train(
    trainer: Trainer, steps: Iterator[Sequence[Batch]], watch: Watch, last: Saved | None
) -> None:
    """Train from the step after the last saved one to the end, and save that too.

    Raises:
        DivergedError: A loss or a gradient is not finite. The last good state is kept.
    """
    ahead = made_ahead(steps)
    for step in range(last.step if last else 0, trainer.pace.steps):
        asked = time.perf_counter()
        batches = next(ahead)
        began = time.perf_counter()
        loss, norm = trainer.step(step, batches)
        if not (isfinite(loss) and isfinite(norm)):
            raise _diverged(step, loss, norm, trainer.pace, last)
        watch.write(
            step + 1,
            batches,
            {
                "loss": loss,
                "gradient_norm": norm,
                "learning_rate": trainer.pace.rate(step),
                "step_s": time.perf_counter() - began,
                "waited_s": began - asked,
            },
        )
        if (step + 1) % watch.save_every == 0 or step + 1 == trainer.pace.steps:
            last = save(watch.states, step + 1, watch.recipe, trainer.model, trainer.optimiser)
    ahead.close()


def _diverged(step: int, loss: float, norm: float, pace: Pace, last: Saved | None) -> DivergedError:
    kept = f"what was learnt by step {last.step} is in {last.weights}" if last else "none was saved"
    return DivergedError(
        f"training came to a loss of {loss:g} and a gradient of {norm:g} in step {step + 1}, and "
        f"was stopped; {kept}. Give a lower learning_rate than {pace.learning_rate:g}, or see "
        "whether the base is damaged"
    )


def made_ahead(items: Iterator[T]) -> Generator[T]:
    """The same items, the next ones of which are made in a thread of their own."""
    with ThreadPoolExecutor(1, thread_name_prefix="lessons") as thread:
        waiting = [thread.submit(next, items, None) for _ in range(_AHEAD)]
        try:
            while (item := waiting.pop(0).result()) is not None:
                waiting.append(thread.submit(next, items, None))
                yield item
        finally:
            for made in waiting:
                made.cancel()
