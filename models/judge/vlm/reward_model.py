"""The network of EditReward: a Qwen2.5-VL without words, and two heads on its last state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.loading.networks import loading_errors
from models.loading.tensors import check_report
from models.runtime import Runtime, ready_module, torch_dtype
from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    import torch

HEADS = ("head_0", "head_1")
"""Of following the instruction, and of quality."""
_HEAD = re.compile(r"rm_heads\.(\w+)\.(\d+)\.(weight|bias)")
_FILE = "model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReward:
    """The network and where it computes."""

    model: Any
    """Without the matrix that would make words."""
    heads: Mapping[str, Any]
    """In float32."""
    special: int
    """The token at which the heads look."""
    end: int
    """The token that ends a message: the special one stands in the place of the user's."""
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardSpec:
    """A checkpoint in EditReward's layout: one file with the language model and `rm_heads`."""

    weights: Weights
    base: Weights
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"reward model {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and a batch's activations.

        Raises:
            CheckpointError: The checkpoint is missing or cut off.
        """
        held = self.runtime.held_bytes(self.weights.size_bytes(self.runtime.dtype))
        return held + held // 8

    def load(self, device: str) -> LoadedReward:
        """The network on a device.

        Raises:
            CheckpointError: A tensor is missing, or has another shape than the base's.
        """
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoTokenizer, Qwen2_5_VLForConditionalGeneration

        with loading_errors(self.name):
            tensors = load_file(_whole(self.weights))
            config = AutoConfig.from_pretrained(self.base.path, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(self.base.path, local_files_only=True)
            # The special token is the one that was added to the base's tokenizer.
            config.get_text_config().vocab_size = len(tokenizer) + 1
            heads = _heads(self.name, {n: tensors.pop(n) for n in list(tensors) if _HEAD.match(n)})
            network, report = Qwen2_5_VLForConditionalGeneration.from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch_dtype(self.runtime),
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
        check_report(self.name, report, more_is_wrong=True)
        return LoadedReward(
            model=ready_module(network.model, self.runtime, device),
            heads={name: head.eval().to(device) for name, head in heads.items()},
            special=len(tokenizer),
            end=tokenizer.convert_tokens_to_ids("<|im_end|>"),
            device=device,
        )


def rewards(
    loaded: LoadedReward, inputs: "Mapping[str, torch.Tensor]", head: str
) -> NDArray[np.float64]:
    """Mean and logarithm of the spread of each pair's reward, pairs x 2.

    Args:
        loaded: The network.
        inputs: What the base's processor made of the questions, padded on the left.
        head: Which of `HEADS`.
    """
    import torch

    ids = inputs["input_ids"]
    # What follows the question is as long in every row; nothing before it sees what follows.
    last = int((ids[0] == loaded.end).nonzero()[-1])
    cut = {n: t[:, : last + 1] if t.shape == ids.shape else t for n, t in inputs.items()}
    cut["input_ids"] = cut["input_ids"].clone()
    cut["input_ids"][:, last] = loaded.special
    with torch.inference_mode():
        states = loaded.model(**{name: tensor.to(loaded.device) for name, tensor in cut.items()})
        told = loaded.heads[head](states.last_hidden_state[:, -1].float())
    return np.asarray(told.cpu().double().numpy())


def _whole(weights: Weights) -> Path:
    if not (file := weights.path / _FILE).is_file():
        msg = f"{weights.source} has no {_FILE}: name the folder that EditReward is published in"
        raise CheckpointError(msg)
    return file


def _heads(name: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Linear layers with a ReLU between them, as many and as wide as their tensors say.

    Raises:
        CheckpointError: One of `HEADS` is missing, or does not answer with two numbers.
    """
    from torch import nn

    found: dict[str, dict[int, dict[str, Any]]] = {head: {} for head in HEADS}
    for key, tensor in tensors.items():
        head, place, part = _HEAD.fullmatch(key).groups()  # type: ignore[union-attr]
        found.setdefault(head, {}).setdefault(int(place), {})[part] = tensor.float()
    heads = {}
    for head in HEADS:
        layers = [found[head][place] for place in sorted(found[head])]
        if not layers or len(layers[-1]["weight"]) != 2:
            msg = f"{name} has no {head} that answers with two numbers: it is no EditReward"
            raise CheckpointError(msg)
        made: list[Any] = []
        for parts in layers:
            out, into = parts["weight"].shape
            linear = nn.Linear(into, out, bias="bias" in parts)
            linear.load_state_dict(parts)
            made += [linear, nn.ReLU()]
        heads[head] = nn.Sequential(*made[:-1])
    return heads
