"""An IP-Adapter put onto a pipeline: an image as a prompt beside the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.geometry import Rgb
from models.loading.networks import Network, loading_errors
from models.runtime import Runtime
from models.weights import CheckpointError, Weights, parameter_count

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePrompt:
    """An IP-Adapter and the encoder that it was trained with."""

    adapter: Weights
    """One safetensors file."""
    encoder: Weights
    """A folder of a CLIP vision model with its projection."""


def add_image_prompt(pipeline: Any, prompt: ImagePrompt, runtime: Runtime) -> None:  # noqa: ANN401
    """Load the adapter and its image encoder into a pipeline with a UNet.

    Raises:
        CheckpointError: One of them is missing, or was made for another architecture.
    """
    file = prompt.adapter.path
    if file.suffix != ".safetensors":
        msg = f"the image prompt {file} is no safetensors file: name the file, not its folder"
        raise CheckpointError(msg)
    parameter_count(file)
    encoder = Network(
        slot="image_encoder",
        class_name="transformers.CLIPVisionModelWithProjection",
        folder=prompt.encoder.path,
    )
    pipeline.register_modules(image_encoder=encoder.load(runtime))
    _check_adapter(pipeline.unet, prompt)
    _check_width(pipeline.image_encoder, prompt)
    with loading_errors(f"image prompt ({file})"):
        pipeline.load_ip_adapter(str(file.parent), subfolder="", weight_name=file.name)
    # Diffusers gives every image of a batch the same image prompts.
    pipeline.prepare_ip_adapter_image_embeds = _each_its_own


def _check_adapter(unet: Any, prompt: ImagePrompt) -> None:  # noqa: ANN401
    """Each cross-attention of the UNet takes its keys and values under an odd number.

    Only the plain adapter is taken, whose image is one vector: "plus" and "faceid" have other
    tensors under `image_proj`.
    """
    from safetensors import safe_open

    file = prompt.adapter.path
    with safe_open(file, framework="pt") as opened:
        held = set(opened.keys())
    crossings = sum("attn2" in name for name in unet.attn_processors)
    wanted = {
        f"ip_adapter.{2 * number + 1}.to_{part}_ip.weight"
        for number in range(crossings)
        for part in "kv"
    }
    wanted |= {f"image_proj.{layer}.{t}" for layer in ("proj", "norm") for t in ("weight", "bias")}
    if held != wanted:
        lacking, strange = sorted(wanted - held), sorted(held - wanted)
        msg = (
            f"image prompt ({file}) does not fit the UNet: it lacks {len(lacking)} tensors "
            f"({', '.join(lacking[:5])}) and has {len(strange)} more ({', '.join(strange[:5])})"
        )
        raise CheckpointError(msg)


def _check_width(encoder: Any, prompt: ImagePrompt) -> None:  # noqa: ANN401
    """One repository holds adapters for two encoders; each takes the vectors of its own alone."""
    from safetensors import safe_open

    file = prompt.adapter.path
    with safe_open(file, framework="pt") as opened:
        taken = opened.get_slice("image_proj.proj.weight").get_shape()[1]
    if taken != (given := encoder.config.projection_dim):
        msg = (
            f"image prompt ({file}) takes vectors of {taken} numbers and {prompt.encoder.source} "
            f"gives {given}: name the image encoder that the adapter was trained with"
        )
        raise CheckpointError(msg)


def image_prompts(pipeline: Any, images: Sequence[Rgb], *, guided: bool) -> "list[torch.Tensor]":  # noqa: ANN401
    """What a call takes as `ip_adapter_image_embeds`: for each image its own.

    Args:
        pipeline: One that went through `add_image_prompt`.
        images: One for each painting of the batch.
        guided: Whether the call uses classifier-free guidance, which sees no image at first.
    """
    import torch

    with torch.no_grad():
        seen, unseen = pipeline.encode_image(list(images), pipeline._execution_device, 1)
    return [torch.cat([unseen, seen])[:, None] if guided else seen[:, None]]


def _each_its_own(
    _image: None,
    embeddings: "list[torch.Tensor]",
    device: "torch.device",
    *_: object,
) -> "list[torch.Tensor]":
    return [tensor.to(device) for tensor in embeddings]
