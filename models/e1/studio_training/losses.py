"""What the studio's painter is taught by: the image, its edges, and where it may change."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.e1.networks import E1Network

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""

_PURE_NOISE_SHARE = 0.6
"""Images are made in few steps, the first of which sees nothing but noise and decides the most."""
_LEAST_NOISE = 0.02
_CHANGED = (0.04, 0.12)
"""Mean difference of the channels, -1 to 1, between which a pixel counts in part as changed."""
_LEAST_SHARE = 0.02
_GATE_WEIGHT, _EDGE_WEIGHT = 0.1, 0.5


def losses_of(
    network: "E1Network",
    source: Tensor,
    target: Tensor,
    ids: Tensor,
    chance: Any,  # noqa: ANN401 - a torch.Generator
) -> Tensor:
    """The loss of each pair.

    The painter tells the image itself; flow matching's direction is (noisy - image) / sigma.

    Args:
        network: Whose connector reads words and whose painter answers.
        source: Rows x 3 x height x width, -1 to 1.
        target: The same size.
        ids: Of words, rows x words.
        chance: Draws noise, and how much of it.
    """
    import torch
    from torch.nn import functional

    from models.e1.studio_painter import SCALE, gate_of, painted

    drawn = torch.rand(2, len(ids), generator=chance)
    sigma = torch.where(drawn[0] < _PURE_NOISE_SHARE, torch.ones(len(ids)), 1 - drawn[1] ** 1.5)
    sigma = sigma.clamp(min=_LEAST_NOISE)
    noise = torch.randn(target.shape, generator=chance) / SCALE
    level = sigma.view(-1, 1, 1, 1)
    words = network.connectors["reader"](ids[..., None])
    answer = network.transformer.answer((1 - level) * target + level * noise, source, words, sigma)
    changed = _changed(source, target)
    weight, miss = _weight(changed), painted(answer, source) - target
    across, down = miss.diff(dim=3), miss.diff(dim=2)
    gate = functional.binary_cross_entropy_with_logits(gate_of(answer), changed, reduction="none")
    return (
        _mean(weight, miss.abs())
        + _EDGE_WEIGHT
        * (_mean(weight[..., 1:], across.abs()) + _mean(weight[..., 1:, :], down.abs()))
        + _GATE_WEIGHT * _mean(weight, gate)
    )


def _changed(source: Tensor, target: Tensor) -> Tensor:
    """How plainly each pixel changed, 0 to 1."""
    low, high = _CHANGED
    apart = (target - source).abs().mean(1, keepdim=True)
    return ((apart - low) / (high - low)).clamp(0, 1)


def _weight(changed: Tensor) -> Tensor:
    """Half of a pair's weight lies where it changed, however small that is; 1 in the mean."""
    share = changed.mean((1, 2, 3), keepdim=True)
    half = 0.5 * (share / _LEAST_SHARE).clamp(max=1)
    inside = half * changed / share.clamp(min=1e-6)
    return inside + (1 - half) * (1 - changed) / (1 - share).clamp(min=_LEAST_SHARE)


def _mean(weight: Tensor, of: Tensor) -> Tensor:
    return (weight * of.mean(1, keepdim=True)).mean((1, 2, 3))
