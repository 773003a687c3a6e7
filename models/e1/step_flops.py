"""How many operations a step of an E1's training takes.

A linear layer takes two operations a weight and token on the way forward, as many again for the
gradient of its input, and once more for that of its weights where they are trained. Attention has
two products of all tokens with all, each of which is two on the way back. Norms, embeddings and
what gradient checkpointing computes once more are left out, so that a share of the device's peak is
of useful work.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from models.e1.batches import FlowBatch

if TYPE_CHECKING:
    from models.e1.networks import E1Network

_OF_WORDS = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out", "context")
_ONCE = ("norm", "time_", "modulation")
"""Layers that see one token of each image: they make what all tokens are scaled by."""


def step_flops(network: "E1Network") -> Callable[[Sequence[FlowBatch]], float]:
    """What counts the operations of one step, forward and back.

    Args:
        network: Of which it is known what is trained.

    Returns:
        Takes what goes through the network in the step. Padding is counted, since it is computed.
    """
    from torch import nn

    layers = [
        (name, 2 * (3 if layer.weight.requires_grad else 2) * layer.weight.numel())
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    config = network.transformer.config
    # Of a painter that is none of FLUX's the linear layers alone are counted.
    width = config.get("num_attention_heads", 0) * config.get("attention_head_dim", 0)
    blocks = config.get("num_layers", 0) + config.get("num_single_layers", 0)

    @cache
    def of_image(image: int, reader: int, sight: int) -> float:
        words = {"reader": reader, "sight": sight}
        linear = sum(taken * _tokens(name, image, words) for name, taken in layers)
        return float(linear + 3 * 4 * (image + reader + sight) ** 2 * width * blocks)

    def counted(batches: Sequence[FlowBatch]) -> float:
        sizes = [batch.tokens(network) for batch in batches]
        return sum(rows * of_image(*tokens) for rows, *tokens in sizes)

    return counted


def _tokens(name: str, image: int, words: dict[str, int]) -> int:
    """How many tokens of an image go through a layer."""
    part, _, inner = name.partition(".")
    if part == "connectors":
        return words[inner.partition(".")[0]]
    if any(mark in name for mark in _ONCE):
        return 1
    if any(mark in name for mark in _OF_WORDS):
        return sum(words.values())
    return image + sum(words.values()) * ("single_" in name)
