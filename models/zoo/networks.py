"""Networks with random weights that are the same each time and let an image reach the answer."""

from collections.abc import Callable
from typing import Any

GAIN = 2.0
"""Of the transformers that paint."""


def seeded(build: Callable[..., Any], seed: int, *, gain: float = 1.0, **config: Any) -> Any:  # noqa: ANN401 - any network
    """A network with weights drawn from a seed, in bfloat16 and evaluation mode.

    None is left at zero: layers that training starts there (a ControlNet's, gates, norms of
    residual branches) would hide whatever reaches them.

    Args:
        build: The class.
        seed: Of the weights.
        gain: Factor of all matrices. Random transformers hardly answer to what they are shown;
            a gain makes a pixel of it.
        config: What the class is made with.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(**config)
        for parameter in network.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.05)
            if gain != 1 and parameter.ndim > 1:
                parameter.data *= gain
    # Past diffusers' own `to`, which warns of parts that it would keep in float32: here are none.
    return torch.nn.Module.to(network, torch.bfloat16).eval()


def spread(network: Any, seed: int) -> Any:  # noqa: ANN401 - any network
    """The network with every matrix and kernel redrawn so that activations keep their spread.

    Libraries start from weights of 0.02 or so: in layers as narrow as the zoo's what comes in fades
    out, and all images get one answer.
    """
    import torch

    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim >= 2:
                fan_in = parameter[0].numel()
                drawn = torch.randn(parameter.shape, generator=chance)
                parameter.copy_(drawn / fan_in**0.5)
    return network
