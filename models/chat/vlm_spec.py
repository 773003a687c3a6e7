"""Loads a vision-language model through transformers: Qwen2.5-VL, Qwen3-VL and their kin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.loading.networks import Network
from models.runtime import Runtime, ready_module
from models.weights import BYTES_OF, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedVlm:
    """A model and where it computes; its weights may be waiting elsewhere."""

    model: Any
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmSpec:
    """A checkpoint that transformers loads as an image-text-to-text model."""

    weights: Weights
    runtime: Runtime = field(default_factory=Runtime)
    batch_tokens: int = field(default=32_768, compare=False)
    """Tokens of a batch that memory is set aside for; models that differ in it are one."""

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"language model {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and keys, values and activations of a batch.

        Raises:
            CheckpointError: The checkpoint is missing or cut off.
        """
        dtype = self.runtime.dtype
        file = self.weights.path / "config.json"
        config = json.loads(file.read_text("utf-8")) if file.exists() else {}
        per_token = _numbers_per_token(config.get("text_config", config))
        held = self.runtime.held_bytes(self.weights.size_bytes(dtype))
        return held + self.batch_tokens * per_token * BYTES_OF[dtype]

    def load(self, device: str) -> LoadedVlm:
        """The model on a device.

        Raises:
            CheckpointError: It is missing, incomplete or no vision-language model; the text names
                the tensors.
        """
        from transformers import GenerationConfig

        network = Network(
            slot=self.name,
            class_name="transformers.AutoModelForImageTextToText",
            folder=self.weights.path,
        )
        model = network.load(self.runtime)
        if self.runtime.attention:
            model.set_attn_implementation(self.runtime.attention)
        # Requests say how they are drawn, and `generate` when they end. Qwen2.5-VL's own penalty of
        # 1.05 for what was said before would hurt a JSON of repeated keys.
        model.generation_config = GenerationConfig()
        return LoadedVlm(model=ready_module(model, self.runtime, device), device=device)


def _numbers_per_token(config: Mapping[str, Any]) -> int:
    """Keys and values of all layers; gate, up, input and residual of the one that computes."""
    if "num_attention_heads" not in config:
        return 0
    heads, width = config["num_attention_heads"], config["hidden_size"]
    head = config.get("head_dim") or width // heads
    cached = 2 * config["num_hidden_layers"] * config.get("num_key_value_heads", heads) * head
    return int(cached + 2 * config["intermediate_size"] + 4 * width)
