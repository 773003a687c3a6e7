"""The model that is trained: read from its base or a saved state, written as its library does."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.loading.networks import Network, loading_errors
from models.runtime import Dtype, Runtime
from models.training.saved import Saved
from models.weights import Weights, kind_of

KINDS = ("qwen2_5_vl", "qwen3_vl")
"""The `model_type` that a base may have."""
_LINEAR = r".*\.language_model\..*\.(q|k|v|o|gate|up|down)_proj"
_WEIGHTS = shutil.ignore_patterns("*.safetensors*", "*.bin*", "*.pt", "*.pth", ".*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """Low-rank adapters beside all linear layers of the language model."""

    rank: int
    dropout: float


def check_base(base: Weights) -> None:
    """See whether a base can be taught to judge.

    Raises:
        CheckpointError: It is no Qwen-VL.
    """
    kind_of(base, KINDS)


def trainable(
    base: Weights, adapters: Adapters | None, last: Saved | None, *, dtype: Dtype, recompute: bool
) -> Any:  # noqa: ANN401 - a network
    """A model in training mode, in host memory.

    Args:
        base: What it is made from.
        adapters: What is trained; without, the language model itself.
        last: Where what was learnt before is taken from.
        dtype: Of what stays as it is. What is trained is in float32.
        recompute: Whether activations are computed once more on the way back, not kept.

    Raises:
        CheckpointError: The base cannot be loaded.
    """
    full = adapters is None
    network = Network(
        slot=f"base {base.source}",
        class_name="transformers.AutoModelForImageTextToText",
        folder=last.weights if last and full else base.path,
    )
    model = network.load(Runtime(dtype="float32" if full else dtype)).requires_grad_(False)
    if recompute:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if adapters is None:
        model.model.language_model.requires_grad_(True)
        model.lm_head.requires_grad_(True)
    else:
        model = _adapted(model, adapters, last)
    return model.train()


def write_checkpoint(model: Any, base: Weights, folder: Path, *, merge: bool) -> None:  # noqa: ANN401 - a network
    """Write what was trained: an adapter as PEFT has it, or the model with the base's processor.

    Args:
        model: As `trainable` made it; merging leaves nothing to train.
        base: What it was made from.
        folder: Where to.
        merge: Write the model with the adapters in it.
    """
    from peft import PeftModel

    if isinstance(model, PeftModel):
        if not merge:
            model.peft_config["default"].base_model_name_or_path = base.source
            # PEFT would ask the hub whether the base's vocabulary is another one.
            model.save_pretrained(folder, save_embedding_layers=False)
            return
        model = model.merge_and_unload()
    shutil.copytree(base.path, folder, ignore=_WEIGHTS, dirs_exist_ok=True)
    dtype = json.loads((base.path / "config.json").read_text("utf-8")).get("dtype", "float32")
    model.to(dtype=_dtype(dtype)).save_pretrained(folder)


def _adapted(model: Any, adapters: Adapters, last: Saved | None) -> Any:  # noqa: ANN401 - networks
    from peft import LoraConfig, PeftModel, get_peft_model

    if last:
        with loading_errors(f"the adapter {last.weights}"):
            return PeftModel.from_pretrained(model, str(last.weights), is_trainable=True)
    config = LoraConfig(
        r=adapters.rank,
        lora_alpha=2 * adapters.rank,
        lora_dropout=adapters.dropout,
        target_modules=_LINEAR,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _dtype(name: str) -> Any:  # noqa: ANN401 - a torch.dtype
    import torch

    return getattr(torch, name)
