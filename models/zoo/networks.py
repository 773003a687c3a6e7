"""Networks with random weights that are the same each time."""

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
