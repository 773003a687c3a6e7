"""Random weights that let an image reach the answer, as trained ones do."""

from typing import Any


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
