"""How models are run: the same keys for every backend, from a profile's [runtime]."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Dtype = Literal["float32", "bfloat16", "float16"]
Quantised = Literal["", "int8", "int4", "fp8"]
Offload = Literal["", "model", "layers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How a model is loaded and run."""

    dtype: Dtype = "bfloat16"
    attention: str = ""
    """An attention backend by the library's own name ("sdpa", "flash_attention_2" or diffusers'
    "native", "flash", "sage"); empty for the library's choice."""
    compile: bool = False
    """`torch.compile` of the repeated blocks alone: a minute at the start, not ten."""
    quantise: Quantised = ""
    """Weights of the large linear layers, through torchao; activations too for "fp8"."""
    offload: Offload = ""
    """Keep what is not computing in host memory: whole models, or layer by layer (slow, smallest)."""
    loras: tuple[str, ...] = ()
    """Adapters to load on top: folders or hub repositories, "path@0.8" for a strength."""

    def params(self) -> dict[str, object]:
        """What answers depend on; where a model waits and how it is compiled they do not."""
        return {"dtype": self.dtype, "quantise": self.quantise, "loras": list(self.loras)}


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
    """A network in evaluation mode on its device, as the runtime asks."""
    return module.eval().requires_grad_(False).to(device)


def ready_pipeline(pipeline: Any, runtime: Runtime, device: str) -> Any:  # noqa: ANN401 - any of diffusers'
    """A diffusers pipeline on its device, as the runtime asks; its progress bar is off."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)
