"""The loss by which an E1 learns, and a step of it with a moving average of what was learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.e1.batches import FlowBatch
from models.training.loop import Trainer

Optimiser = Literal["adamw", "prodigy"]
_BETAS = (0.9, 0.99)
_GUIDANCE = 1.0
"""In training; both from docs/paper.md, "ImgEdit-E1"."""


@dataclass(slots=True, kw_only=True)
class FlowTrainer(Trainer[FlowBatch]):
    """An E1 in training; what is counted is a pair, by its weight."""

    ema: Any | None
    """diffusers' EMAModel of what is trained."""

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
        if getattr(self.model.transformer, "tells_images", False):
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
