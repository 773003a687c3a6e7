"""How models are run: the same keys for every backend, from a profile's [runtime]."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from models.faults import ImgEditError
from models.recorded import Recorded, recorded
from models.weights import CheckpointError, fingerprint

if TYPE_CHECKING:
    import torch
    from torch import nn

log = logging.getLogger(__name__)

Dtype = Literal["float32", "bfloat16", "float16"]
Quantised = Literal["", "int8", "fp8"]
Offload = Literal["", "model", "layers"]

_QUANTISED_FRAC = 0.55
"""8 bits for 16 in the large layers; norms, embeddings and small layers stay."""
_LARGEST_FRAC = 0.75
"""The transformer of FLUX.1 is 70 % of its pipeline, the UNet of SDXL 74 %."""
_ONE_LAYER_FRAC = 0.1
QUANTISED_FROM = 512
"""Least width of a linear layer that is quantised: smaller ones save nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Recorded):
    """How a model is loaded and run."""

    unrecorded = MappingProxyType(
        {
            "attention": "the same sums by another kernel",
            "compile": "the same sums, fused",
            "offload": "where weights wait, not what they are",
        }
    )

    dtype: Dtype = "bfloat16"
    attention: str = ""
    """An attention backend by the library's own name (transformers: "sdpa", "flash_attention_2";
    diffusers: "native", "flash", "sage"); empty for the library's choice."""
    compile: bool = False
    """`torch.compile` of the repeated blocks alone: a minute at the start, not ten."""
    quantise: Quantised = ""
    """The large linear layers through torchao: weights alone for "int8"; for "fp8", row by row and
    activations too, which needs a GPU of compute capability 8.9 and pays only with `compile`."""
    offload: Offload = ""
    """Keep what is not computing in host memory: "model" of a pipeline all networks but the one
    that computes, "layers" of any network all but the layer, which is slow. "model" leaves a
    network that stands alone where it is: it has nothing to take turns with."""
    loras: tuple[str, ...] = ()
    """Folders of adapters that are fused into the model; "folder@0.8" for a strength."""
    quantise_from: int = QUANTISED_FROM
    """Least width of a linear layer that is quantised."""

    def __post_init__(self) -> None:
        """Refuse a strength that is no number."""
        for text in self.loras:
            _, _, strength = text.partition("@")
            if strength and not _is_finite(strength):
                msg = f"loras: {text!r}: what follows the @ is a strength, such as 0.8"
                raise ValueError(msg)

    def params(self) -> Mapping[str, object]:
        """What answers depend on."""
        said = recorded(self) | {"loras": [_adapter_params(text) for text in self.loras]}
        if not self.quantise:
            del said["quantise_from"]
        return said

    def held_bytes(self, weights_bytes: int, *, networks: int = 1) -> int:
        """Memory that weights take on the device as they are run: an estimate from above.

        Args:
            weights_bytes: What they take in `dtype`.
            networks: Of how many they are; those of a pipeline take turns if they are offloaded.
        """
        share = _QUANTISED_FRAC if self.quantise else 1.0
        if self.offload == "layers":
            share *= _ONE_LAYER_FRAC
        elif self.offload == "model" and networks > 1:
            share *= _LARGEST_FRAC
        return int(weights_bytes * share)

    def resident(self) -> "Runtime":
        """The same without offloading: for small networks of which parts are called by themselves.

        What waits in host memory comes to the device when the whole network is called, and only
        then.
        """
        return replace(self, offload="")


def torch_dtype(runtime: Runtime) -> "torch.dtype":
    """The dtype as torch names it."""
    import torch

    dtype: torch.dtype = getattr(torch, runtime.dtype)
    return dtype


def transformers_options(runtime: Runtime) -> dict[str, Any]:
    """Keyword arguments of transformers' `from_pretrained`."""
    options: dict[str, Any] = {"dtype": torch_dtype(runtime)}
    if runtime.attention:
        options["attn_implementation"] = runtime.attention
    return options


def ready_module(module: Any, runtime: Runtime, device: str) -> Any:  # noqa: ANN401 - any network
    """A network in evaluation mode on its device, as the runtime asks.

    Raises:
        CheckpointError: An adapter is missing, or fits no layer.
        ImgEditError: The device cannot do what is asked.
    """
    module = module.eval().requires_grad_(False)
    for folder, strength in _adapters(runtime):
        module = _with_adapter(module, folder, strength)
    _quantise(module, runtime, device)
    module = _offloaded(module, runtime, device) or module.to(device)
    _compile_repeated(module, runtime)
    return module


def ready_pipeline(pipeline: Any, runtime: Runtime, device: str) -> Any:  # noqa: ANN401 - of diffusers
    """A diffusers pipeline on its device, as the runtime asks; its progress bar is off.

    Raises:
        CheckpointError: An adapter is missing, or fits no layer.
        ImgEditError: The device cannot do what is asked.
    """
    pipeline.set_progress_bar_config(disable=True)
    for folder, strength in _adapters(runtime):
        _fuse_adapter(pipeline, folder, strength)
    for core in _cores(pipeline):
        if runtime.attention:
            core.set_attention_backend(runtime.attention)
        _quantise(core, runtime, device)
    if not _pipeline_offloaded(pipeline, runtime, device):
        pipeline = pipeline.to(device)
    for core in _cores(pipeline):
        _compile_repeated(core, runtime)
    return pipeline


def _cores(pipeline: Any) -> "list[nn.Module]":  # noqa: ANN401 - of diffusers
    """What a pipeline spends its time in."""
    names = ("transformer", "unet", "controlnet")
    return [core for name in names if (core := getattr(pipeline, name, None)) is not None]


def _adapter_params(text: str) -> str:
    """An adapter's name, strength and contents: a folder that is moved is still the same one."""
    name, _, strength = text.partition("@")
    folder = Path(name).expanduser()
    return f"{folder.name}@{float(strength or 1):g} {fingerprint(folder)}"


def _is_finite(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _adapters(runtime: Runtime) -> Iterator[tuple[Path, float]]:
    for text in runtime.loras:
        name, _, strength = text.partition("@")
        if not (folder := Path(name).expanduser()).is_dir():
            msg = f"there is no adapter at {folder}: correct loras under [runtime]"
            raise CheckpointError(msg)
        yield folder, float(strength or 1)


def _with_adapter(module: Any, folder: Path, strength: float) -> Any:  # noqa: ANN401 - any network
    """The network with an adapter in peft's format fused in."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    try:
        adapted = PeftModel.from_pretrained(module, str(folder))
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        msg = f"the adapter {folder} does not fit {type(module).__name__}: {error}"
        raise CheckpointError(msg) from error
    layers = [layer for layer in adapted.modules() if isinstance(layer, LoraLayer)]
    if not any(weight.any() for layer in layers for weight in _outer(layer)):
        msg = f"the adapter {folder} is all zeros and changes nothing: it was never trained"
        raise CheckpointError(msg)
    for layer in layers:
        layer.scale_layer(strength)
    return adapted.merge_and_unload().eval().requires_grad_(False)


def _outer(layer: Any) -> "list[torch.Tensor]":  # noqa: ANN401 - a LoRA layer of peft
    """The second matrices of an adapter: zeros before its first step of training."""
    held = (layer.lora_B, layer.lora_embedding_B)
    return [getattr(part, "weight", part) for parts in held for part in parts.values()]


def _fuse_adapter(pipeline: Any, folder: Path, strength: float) -> None:  # noqa: ANN401 - of diffusers
    if not hasattr(pipeline, "load_lora_weights"):
        msg = f"{type(pipeline).__name__} takes no adapters: leave loras out of its runtime"
        raise ImgEditError(msg)
    try:
        pipeline.load_lora_weights(str(folder))
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        msg = f"the adapter {folder} does not fit {type(pipeline).__name__}: {error}"
        raise CheckpointError(msg) from error
    pipeline.fuse_lora(lora_scale=strength)
    pipeline.unload_lora_weights()


def _quantise(module: Any, runtime: Runtime, device: str) -> None:  # noqa: ANN401 - any network
    """Quantise the large linear layers in place, each on its way to the device."""
    if not runtime.quantise:
        return
    from torch import nn
    from torchao.quantization import quantize_

    def is_large(layer: nn.Module, name: str) -> bool:
        del name
        least = runtime.quantise_from
        return isinstance(layer, nn.Linear) and min(layer.in_features, layer.out_features) >= least

    quantize_(module, _quantisation(runtime, device), filter_fn=is_large, device=device)


def _quantisation(runtime: Runtime, device: str) -> Any:  # noqa: ANN401 - one of torchao's
    import torch
    from torchao.quantization import (
        Float8DynamicActivationFloat8WeightConfig,
        Int8WeightOnlyConfig,
        PerRow,
    )

    if runtime.quantise == "int8":
        return Int8WeightOnlyConfig()
    if device == "cpu" or torch.cuda.get_device_capability(device) < (8, 9):
        msg = f'quantise = "fp8" needs a GPU of compute capability 8.9, not {device}: use "int8"'
        raise ImgEditError(msg)
    return Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())


def _offloaded(module: Any, runtime: Runtime, device: str) -> Any | None:  # noqa: ANN401 - any network
    """The network waiting in host memory; None where it is to stay on the device."""
    if runtime.offload != "layers" or device == "cpu":
        return None
    import accelerate

    return accelerate.cpu_offload(module, execution_device=device)


def _pipeline_offloaded(pipeline: Any, runtime: Runtime, device: str) -> bool:  # noqa: ANN401 - of diffusers
    if not runtime.offload or device == "cpu":
        return False
    if runtime.offload == "layers":
        pipeline.enable_sequential_cpu_offload(device=device)
    else:
        pipeline.enable_model_cpu_offload(device=device)
    return True


def _compile_repeated(module: "nn.Module", runtime: Runtime) -> None:
    """Compile the blocks that a network repeats: one of a kind is compiled, the others reuse it."""
    if not runtime.compile:
        return
    from torch import nn

    for repeated in module.modules():
        if isinstance(repeated, nn.ModuleList | nn.Sequential) and len(repeated) > 1:
            kinds = {type(block) for block in repeated}
            if len(kinds) == 1 and any(True for _ in repeated[0].children()):
                for block in repeated:
                    block.compile()
