"""SDXL of debug size: text to image, inpainting, a canny ControlNet and an IP-Adapter."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.zoo.networks import seeded
from models.zoo.tokenizers import MAX_TOKENS, clip_tokenizer

TEXT_WIDTH = 32
"""Of each text encoder; the UNet attends to both side by side."""
IMAGE_WIDTH = 32
IMAGE_TOKENS = 4

_CHANNELS = (16, 32)
_TIME_WIDTH = 8

_UNET: Mapping[str, Any] = {
    "sample_size": 8,
    "block_out_channels": _CHANNELS,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "layers_per_block": 1,
    "transformer_layers_per_block": (1, 1),
    "attention_head_dim": (2, 4),
    "norm_num_groups": 8,
    "cross_attention_dim": 2 * TEXT_WIDTH,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": _TIME_WIDTH,
    # The pooled text, and the widths of six numbers: original size, corner and target size.
    "projection_class_embeddings_input_dim": TEXT_WIDTH + 6 * _TIME_WIDTH,
}


def build_inpaint(folder: Path) -> None:
    """SDXL inpainting: beside the noisy latents the UNet gets the mask and the masked image."""
    from diffusers import StableDiffusionXLInpaintPipeline

    _save(StableDiffusionXLInpaintPipeline, folder, _unet(in_channels=9, seed=1))


def build_base(folder: Path) -> None:
    """SDXL: text to image."""
    from diffusers import StableDiffusionXLPipeline

    _save(StableDiffusionXLPipeline, folder, _unet(in_channels=4, seed=2))


def build_canny_controlnet(folder: Path) -> None:
    """A ControlNet of SDXL that reads edges at full resolution."""
    from diffusers import ControlNetModel

    unwanted = {"sample_size"}
    options = {key: value for key, value in _UNET.items() if key not in unwanted}
    seeded(
        ControlNetModel,
        3,
        **options,
        # Three halvings, from pixels to latents.
        conditioning_embedding_out_channels=(8, 8, 16, 16),
    ).save_pretrained(folder)


def build_ip_adapter(folder: Path) -> None:
    """An IP-Adapter of SDXL in the repository's own layout, with its image encoder."""
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=IMAGE_WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        projection_dim=IMAGE_WIDTH,
    )
    encoder = seeded(CLIPVisionModelWithProjection, 4, config=config)
    encoder.save_pretrained(folder / "models" / "image_encoder")
    (folder / "sdxl_models").mkdir()
    save_file(_adapter(), folder / "sdxl_models" / "ip-adapter_sdxl_vit-h.safetensors")


def _adapter() -> dict[str, Any]:
    """Tokens out of an image's vector, and their keys and values for each cross-attention."""
    import torch

    rng = torch.Generator().manual_seed(5)
    width = 2 * TEXT_WIDTH

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=rng).mul(0.2).bfloat16()

    tensors = {
        "image_proj.proj.weight": drawn(IMAGE_TOKENS * width, IMAGE_WIDTH),
        "image_proj.proj.bias": drawn(IMAGE_TOKENS * width),
        "image_proj.norm.weight": drawn(width) + 1,
        "image_proj.norm.bias": drawn(width),
    }
    # The UNet has four: one on the way down, two on the way up and one between. Odd numbers,
    # because self-attentions are counted too.
    for number in (1, 3, 5, 7):
        for part in "kv":
            name = f"ip_adapter.{number}.to_{part}_ip.weight"
            tensors[name] = drawn(_CHANNELS[-1], width)
    return tensors


def _unet(*, in_channels: int, seed: int) -> Any:  # noqa: ANN401 - diffusers is untyped here
    from diffusers import UNet2DConditionModel

    return seeded(
        UNet2DConditionModel,
        seed,
        **_UNET,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        in_channels=in_channels,
    )


def _save(pipeline: Any, folder: Path, unet: Any) -> None:  # noqa: ANN401 - diffusers is untyped here
    from diffusers import EulerDiscreteScheduler
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    second_pad = "!"
    first = clip_tokenizer(folder / "tokenizer")
    second = clip_tokenizer(folder / "tokenizer_2", pad_token=second_pad)
    pipeline(
        vae=small_vae(),
        text_encoder=small_text(CLIPTextModel, 6, first),
        text_encoder_2=small_text(CLIPTextModelWithProjection, 7, second),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        tokenizer_2=CLIPTokenizer.from_pretrained(folder / "tokenizer_2"),
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
        add_watermarker=False,
    ).save_pretrained(folder)
    # Saving wrote the tokenizers as one file each, and the first text model by new names.
    clip_tokenizer(folder / "tokenizer")
    clip_tokenizer(folder / "tokenizer_2", pad_token=second_pad)
    _name_as_published(folder / "text_encoder" / "model.safetensors")


def _name_as_published(file: Path) -> None:
    """A CLIP text model's tensors by the names they had when SDXL came out."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {f"text_model.{name}": tensor for name, tensor in load_file(file).items()}
    # No network reads it any more.
    tensors["text_model.embeddings.position_ids"] = torch.arange(MAX_TOKENS)[None]
    save_file(tensors, file, metadata={"format": "pt"})


def small_vae() -> Any:  # noqa: ANN401 - diffusers is untyped here
    """An autoencoder of SDXL's and Stable Diffusion's kind: four channels at an eighth."""
    from diffusers import AutoencoderKL

    return seeded(
        AutoencoderKL,
        8,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        norm_num_groups=4,
        latent_channels=4,
        scaling_factor=0.13025,
        sample_size=64,
    )


def small_text(kind: Any, seed: int, numbers: Mapping[str, int]) -> Any:  # noqa: ANN401 - a class of theirs
    """A CLIP text model of `TEXT_WIDTH`."""
    from transformers import CLIPTextConfig

    config = CLIPTextConfig(
        hidden_size=TEXT_WIDTH,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        projection_dim=TEXT_WIDTH,
        **numbers,
    )
    return seeded(kind, seed, config=config)


BUILDERS = {
    "sdxl-inpaint": build_inpaint,
    "sdxl": build_base,
    "controlnet-canny-sdxl": build_canny_controlnet,
    "ip-adapter-sdxl": build_ip_adapter,
}
