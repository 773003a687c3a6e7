"""The loss by which an E1 learns, and a step of it with a moving average of what was learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.e1.batches import FlowBatch
from models.e1.sharding import Spread, Whole, whole
from models.training.loop import Trainer
from models.training.saved import Saved, save, state_after

Optimiser = Literal["adamw", "prodigy"]
_BETAS = (0.9, 0.99)
_GUIDANCE = 1.0
"""In training; both from docs/paper.md, "ImgEdit-E1"."""


@dataclass(slots=True, kw_only=True)
class FlowTrainer(Trainer[FlowBatch]):
    """An E1 in training; what is counted is a pair, by its weight."""

    ema: Any | None
    """diffusers' EMAModel of what is trained."""
    accelerator: Any | None = None
    """Of several processes that train together; the model is then wrapped by it."""
    sharded: bool = False
    """Whether each of them holds but a part of the weights."""

    @property
    def bare(self) -> Any:  # noqa: ANN401 - an `E1Network`
        """The model as it is written."""
        return self.accelerator.unwrap_model(self.model) if self.accelerator else self.model

    @property
    def is_main(self) -> bool:
        """Whether this process tells and writes for all."""
        return self.accelerator is None or bool(self.accelerator.is_main_process)

    def summed(self, value: Any) -> Any:  # noqa: ANN401 - a tensor
        """A number over all processes that train together."""
        if self.accelerator is None:
            return value
        return self.accelerator.reduce(value.float().to(self.device), "sum")

    def backward(self, loss: Any) -> None:  # noqa: ANN401 - a tensor
        """Add the gradients of a share of the loss."""
        # Processes' gradients are averaged, and each has a part of the sum.
        shares = self.accelerator.num_processes if self.accelerator else 1
        (loss * shares).backward()

    def clip(self, trained: Sequence[Any]) -> Any:  # noqa: ANN401 - a tensor
        """Shorten the gradient where it is too long; its norm before that."""
        return whole(Trainer.clip(self, trained))

    def keep(self, states: Path, step: int, recipe: str) -> Saved:
        """Save the state after so many steps, once for all processes."""
        model, stateful = self.bare, self.stateful()
        if self.sharded:
            model = Whole(state=whole(model.trained()))
            stateful = {n: Whole(state=whole(one.state_dict())) for n, one in stateful.items()}
        if self.is_main:
            save(states, step, recipe, model, stateful)
        if self.accelerator:
            self.accelerator.wait_for_everyone()
        return state_after(states, step)

    def restore(self, last: Saved) -> None:
        """Go on from a state; the weights themselves were taken before."""
        stateful = self.stateful()
        if self.sharded:
            parts = trained(self.model)
            stateful = {n: Spread(one=one, trained=parts) for n, one in stateful.items()}
        last.restore(stateful)
        if self.ema is not None and not self.sharded:
            self.ema.to(self.device)

    def count(self, batch: FlowBatch) -> float:
        """The weights of the pairs."""
        return float(batch.weights.sum())

    def loss(self, batch: FlowBatch) -> Any:  # noqa: ANN401 - a tensor
        """The sum over the pairs of the mean squared error of the way from image to noise."""
        import torch

        told = batch.told.to(self.device)
        image, noise = batch.latents.to(self.device), batch.noise.to(self.device)
        sigma, weights = batch.sigma.to(self.device), batch.weights.to(self.device)
        share = sigma[:, None, None, None]
        noisy = (1 - share) * image + share * noise
        with self.computing():
            way = self.model(noisy, sigma, told, _GUIDANCE)
        error = (way.float() - (noise - image)).square().mean(1)
        if getattr(self.bare, "tells_images", False):
            error = error * sigma[:, None, None].square()
        if batch.region is not None:
            error = error * batch.region.to(self.device)
        mean: torch.Tensor = error.flatten(1).mean(1)
        return (mean * weights).sum()

    def step(self, step: int, batches: Sequence[FlowBatch]) -> tuple[float, float]:
        """One step, counted from 0; the mean loss, and the norm of the gradient."""
        found = Trainer.step(self, step, batches)
        if self.ema is not None:
            self.ema.step(trained(self.model))
        return found

    def stateful(self) -> Mapping[str, Any]:
        """The optimiser, and the average."""
        average = {} if self.ema is None else {"ema": self.ema}
        return {"optimizer": self.optimiser, **average}

    def computing(self) -> Any:  # noqa: ANN401 - a context of torch
        """Products in bfloat16, where that is asked for."""
        import torch

        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.lower)


def trained(model: Any) -> list[Any]:  # noqa: ANN401 - any network
    """The parameters that are trained."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def optimiser_of(kind: Optimiser, parameters: Sequence[Any]) -> Any:  # noqa: ANN401 - of torch
    """An optimiser without decay; Prodigy multiplies the learning rate by one that it finds."""
    if kind == "prodigy":
        from prodigyopt import Prodigy

        return Prodigy(
            parameters,
            lr=1.0,
            betas=_BETAS,
            weight_decay=0.0,
            use_bias_correction=True,
            safeguard_warmup=True,
        )
    import torch

    return torch.optim.AdamW(parameters, lr=0.0, betas=_BETAS, weight_decay=0.0, fused=True)
