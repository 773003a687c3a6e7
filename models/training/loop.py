"""The steps of supervised training: batches made ahead, an exact way back, a sane end."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any, Generic, TypeVar

from models.ahead import made_ahead
from models.faults import ImgEditError
from models.training.saved import Saved, save

Batch = TypeVar("Batch")


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
class Trainer(ABC, Generic[Batch]):
    """A model in training: how one step is done, of losses that a kind of batch has."""

    model: Any
    """Writes what is trained of it by `save_pretrained`."""
    optimiser: Any
    pace: Pace
    device: str
    lower: bool
    """Whether products are computed in bfloat16, what is trained staying in float32."""

    @abstractmethod
    def loss(self, batch: Batch) -> Any:  # noqa: ANN401 - a tensor
        """The sum of a batch's losses."""

    @abstractmethod
    def count(self, batch: Batch) -> float:
        """How many losses a batch has, or their weights together: what the mean is taken over."""

    def step(self, step: int, batches: Sequence[Batch]) -> tuple[float, float]:
        """One step, counted from 0; the mean loss, and the norm of the gradient.

        Numbers that are not finite change no weight.
        """
        import torch

        count = float(self.summed(torch.tensor(sum(self.count(batch) for batch in batches))))
        total = torch.zeros((), device=self.device)
        for batch in batches:
            loss = self.loss(batch) / count
            self.backward(loss)
            total += loss.detach()
        norm = self.clip([p for group in self.optimiser.param_groups for p in group["params"]])
        total = self.summed(total)
        found, size = torch.stack([total, norm]).tolist()
        if isfinite(found) and isfinite(size):
            for group in self.optimiser.param_groups:
                group["lr"] = self.pace.rate(step)
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return found, size

    def summed(self, value: Any) -> Any:  # noqa: ANN401 - a tensor
        """A number over all processes that train together: here it is one alone."""
        return value

    def backward(self, loss: Any) -> None:  # noqa: ANN401 - a tensor
        """Add the gradients of a share of the loss."""
        loss.backward()

    def clip(self, trained: Sequence[Any]) -> Any:  # noqa: ANN401 - a tensor
        """Shorten the gradient where it is too long; its norm before that."""
        import torch

        return torch.nn.utils.clip_grad_norm_(trained, self.pace.clip)

    def keep(self, states: Path, step: int, recipe: str) -> Saved:
        """Save the state after so many steps (`save`)."""
        return save(states, step, recipe, self.model, self.stateful())

    def mean_loss(self, batches: Iterable[Batch]) -> float:
        """The mean loss over batches that are not learnt."""
        import torch

        self.model.eval()
        total, count = 0.0, 0.0
        with torch.no_grad():
            for batch in batches:
                total += float(self.loss(batch))
                count += self.count(batch)
        self.model.train()
        return total / count

    def stateful(self) -> Mapping[str, Any]:
        """By name what has a state besides the model, and goes on from it."""
        return {"optimizer": self.optimiser}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Generic[Batch]):
    """Where a run leaves what it came to."""

    states: Path
    save_every: int
    recipe: str
    write: Callable[[int, Sequence[Batch], dict[str, float]], None]
    """Is given the figures of a step by name."""


def train(
    trainer: Trainer[Batch],
    steps: Iterator[Sequence[Batch]],
    watch: Watch[Batch],
    last: Saved | None,
) -> None:
    """Train from the step after the last saved one to the end, and save that too.

    Raises:
        DivergedError: A loss or a gradient is not finite. The last good state is kept.
        SavingError: A state cannot be written. The last good one is kept.
    """
    with closing(made_ahead(steps)) as ahead:
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
                last = trainer.keep(watch.states, step + 1, watch.recipe)


def _diverged(step: int, loss: float, norm: float, pace: Pace, last: Saved | None) -> DivergedError:
    kept = f"what was learnt by step {last.step} is in {last.weights}" if last else "none was saved"
    return DivergedError(
        f"training came to a loss of {loss:g} and a gradient of {norm:g} in step {step + 1}, and "
        f"was stopped; {kept}. Give a lower learning_rate than {pace.learning_rate:g}, or see "
        "whether the base is damaged"
    )
