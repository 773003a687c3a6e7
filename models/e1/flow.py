"""Flow matching as FLUX.1 has it: how noisy an image is, and the way from noise to an image.

x = (1 - sigma) image + sigma noise; what is learnt is noise - image (docs/paper.md, "ImgEdit-E1").
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""


def shifted(sigma: Tensor, tokens: int) -> Tensor:
    """Shares of noise, moved up for large images as FLUX.1's pipeline does.

    Args:
        sigma: 0 to 1.
        tokens: Of the image.
    """
    from diffusers.pipelines.flux.pipeline_flux import calculate_shift

    return _scheduler().time_shift(calculate_shift(tokens), 1.0, sigma)


@cache
def _scheduler() -> Any:  # noqa: ANN401 - of diffusers
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)


def drawn_sigma(count: int, tokens: int, chance: Any) -> Tensor:  # noqa: ANN401 - a torch.Generator
    """Shares of noise for training: the logistic of a normal number, shifted."""
    from diffusers.training_utils import compute_density_for_timestep_sampling

    drawn = compute_density_for_timestep_sampling(
        "logit_normal", count, logit_mean=0.0, logit_std=1.0, generator=chance
    )
    # Never quite 0 or 1, at which the shift divides by nothing.
    return shifted(drawn.clamp(1e-5, 1 - 1e-5), tokens)


def noise_of(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Noise of each row by its own seed; on the processor, so that every device gets the same."""
    import torch

    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(drawn)


def sampled(network: Any, told: Any, noise: Tensor, *, steps: int, guidance: float) -> Tensor:  # noqa: ANN401 - `E1Network`, `Told`
    """Latents of images, by Euler's steps from noise.

    Args:
        network: On its device.
        told: Of as many rows, on the same device.
        noise: Rows x channels x rows x columns, float32.
        steps: How many passes.
        guidance: An input of the painter.
    """
    import torch

    device = noise.device
    latents = noise
    with torch.no_grad():
        for sigma, after in levels(steps, noise.shape[-2] * noise.shape[-1]):
            at = torch.full((len(noise),), sigma, device=device)
            way = network(latents.to(_dtype(network)), at, told, guidance).float()
            latents = latents + (after - sigma) * way
    return latents


def levels(steps: int, tokens: int) -> Iterator[tuple[float, float]]:
    """The share of noise before and after each of so many steps."""
    import torch

    levels = [*shifted(torch.linspace(1, 1 / steps, steps), tokens).tolist(), 0.0]
    yield from pairwise(levels)


def _dtype(network: Any) -> Any:  # noqa: ANN401 - of torch
    return next(network.transformer.parameters()).dtype
