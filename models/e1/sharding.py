"""Weights that are spread over several devices, as torch's fully_shard does it, and whole again.

Each device holds a part of every weight, of its gradient and of what the optimiser keeps of it; a
block's weights are whole only while it computes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def shard(network: Any) -> None:  # noqa: ANN401 - an `E1Network`
    """Spread a network's weights over all processes, a block of the painter at a time."""
    from torch.distributed.fsdp import fully_shard

    transformer = network.transformer
    for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks):
        fully_shard(block)
    # What no block holds too: else it is whole after a pass without a way back.
    fully_shard(network, reshard_after_forward=True)


def whole(state: Any) -> Any:  # noqa: ANN401 - tensors, and what holds them
    """The same with every tensor whole. All processes must ask for it together."""
    return _mapped(state, lambda one: one.full_tensor() if hasattr(one, "full_tensor") else one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What was gathered, to be written as the thing itself would be."""

    state: Any

    def state_dict(self) -> Any:  # noqa: ANN401 - as the thing has it
        """Its state."""
        return self.state

    def save_pretrained(self, folder: Path) -> None:
        """Write weights."""
        from models.e1.networks import write_trained

        write_trained(folder, self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """An optimiser or an average of spread weights, which takes a state that is whole."""

    one: Any
    trained: Sequence[Any]

    def load_state_dict(self, held: Mapping[str, Any]) -> None:
        """Spread the state as the weights are spread, and take it."""
        import torch
        from torch.distributed.tensor import distribute_tensor

        def like(number: int, state: Any) -> Any:  # noqa: ANN401 - tensors
            weight = self.trained[number]

            def part(one: torch.Tensor) -> torch.Tensor:
                if one.shape != weight.shape:
                    return one
                near = one.to(weight.device)
                return distribute_tensor(near, weight.device_mesh, weight.placements)

            return _mapped(state, part)

        state = dict(held)
        if "shadow_params" in state:
            state["shadow_params"] = [like(n, one) for n, one in enumerate(state["shadow_params"])]
        else:
            state["state"] = {number: like(number, one) for number, one in state["state"].items()}
        self.one.load_state_dict(state)


def _mapped(state: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - see above
    import torch

    if isinstance(state, torch.Tensor):
        return change(state)
    if isinstance(state, Mapping):
        return {key: _mapped(value, change) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_mapped(value, change) for value in state)
    return state
