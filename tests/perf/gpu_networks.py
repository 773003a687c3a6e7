"""The networks of `gpu.py`: published configurations, random weights, no checkpoint.

Each function makes a network on torch's current default device, so `with torch.device("meta")`
gives its shapes alone, and in the default dtype.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.hosting import ModelSpec
from models.weights import Weights

FLUX_FILL: Mapping[str, Any] = {
    "in_channels": 384,
    "out_channels": 64,
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "guidance_embeds": True,
    "axes_dims_rope": (16, 56, 56),
}
"""`transformer/config.json` of black-forest-labs/FLUX.1-Fill-dev."""
FLUX_FILL_DEBUG = FLUX_FILL | {
    "num_layers": 2,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 4,
    "joint_attention_dim": 32,
    "pooled_projection_dim": 32,
    "axes_dims_rope": (4, 6, 6),
}

SDXL_UNET: Mapping[str, Any] = {
    "in_channels": 9,
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 2,
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
"""`unet/config.json` of diffusers/stable-diffusion-xl-1.0-inpainting-0.1."""
SDXL_UNET_DEBUG = SDXL_UNET | {
    "sample_size": 8,
    "block_out_channels": (16, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "transformer_layers_per_block": (1, 2),
    "attention_head_dim": (2, 4),
    "norm_num_groups": 8,
    "cross_attention_dim": 64,
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 80,
}
_OTHER_EMBEDDINGS = (
    "negative_prompt_embeds",
    "pooled_prompt_embeds",
    "negative_pooled_prompt_embeds",
)
_SIX_NUMBERS = 6
"""Original size, corner and target size, each embedded beside the pooled text."""

_VAE: Mapping[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "sample_size": 1024,
}
_VAE_DEBUG = {"block_out_channels": (8, 8, 16, 16), "norm_num_groups": 4, "layers_per_block": 1}

CLIP_DEBUG: Mapping[str, Any] = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 56, "layers": 4, "width": 64, "head_width": 16, "patch_size": 14},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}

QWEN_TEXT: Mapping[str, Any] = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "max_position_embeddings": 128000,
    "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
}
QWEN_VISION: Mapping[str, Any] = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 3584,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "window_size": 112,
    "fullatt_block_indexes": [7, 15, 23, 31],
    "tokens_per_second": 2,
}
"""`config.json` of Qwen/Qwen2.5-VL-7B-Instruct."""


class MadeHost:
    """A host of networks that were made here: it loads nothing, whatever the checkpoint's name."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        """Args: a network for each class of specs, by the class's name."""
        self._models = dict(models)
        self._locks = {name: threading.Lock() for name in models}

    @contextmanager
    def use(self, spec: ModelSpec[Any]) -> Iterator[Any]:
        """The network, to oneself."""
        kind = type(spec).__name__
        with self._locks[kind]:
            yield self._models[kind]


@contextmanager
def made_on(device: str, dtype: Any) -> Iterator[None]:
    """Networks made in this block come to be on a device, in a dtype of torch, from one seed."""
    import torch

    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


def random_weights(folder: Path | None = None) -> Weights:
    """What a backend is told of its checkpoint; the folder holds configurations alone."""
    place = folder or Path()
    # What is read of a folder is remembered by its revision.
    return Weights(source="random weights", revision=str(place), locate=lambda: place)


def parameters(network: Any) -> int:
    """Numbers in a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def flux_transformer(*, debug: bool = False) -> Any:
    """The 12 billion parameters that paint."""
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(**(FLUX_FILL_DEBUG if debug else FLUX_FILL)).eval()


def flux_pipeline(*, debug: bool = False) -> Any:
    """FLUX.1 Fill; instead of two text encoders, random embeddings of their shapes."""
    import torch
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxFillPipeline

    class Textless(FluxFillPipeline):  # type: ignore[misc,unused-ignore]
        def encode_prompt(self, prompt: Any, max_sequence_length: int = 512, **_: Any) -> Any:
            like = {"device": self.transformer.device, "dtype": self.transformer.dtype}
            count, config = (1 if isinstance(prompt, str) else len(prompt)), self.transformer.config
            words = torch.randn(count, max_sequence_length, config.joint_attention_dim, **like)
            pooled = torch.randn(count, config.pooled_projection_dim, **like)
            return words, pooled, torch.zeros(max_sequence_length, 3, **like)

    vae = {
        "latent_channels": 16,
        "scaling_factor": 0.3611,
        "shift_factor": 0.1159,
        "use_quant_conv": False,
        "use_post_quant_conv": False,
    }
    with torch.device("cpu"):
        scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    return Textless(
        transformer=flux_transformer(debug=debug),
        vae=AutoencoderKL(**{**_VAE, **(_VAE_DEBUG if debug else {}), **vae}),
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
    )


def sdxl_unet(*, debug: bool = False) -> Any:
    """The 2.6 billion parameters that erase."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**(SDXL_UNET_DEBUG if debug else SDXL_UNET)).eval()


def sdxl_pipeline(*, debug: bool = False) -> Any:
    """SDXL inpainting; instead of two text encoders, random embeddings of their shapes."""
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline

    class Textless(StableDiffusionXLInpaintPipeline):  # type: ignore[misc,unused-ignore]
        def encode_prompt(self, prompt: Any, prompt_embeds: Any = None, **given: Any) -> Any:
            if prompt_embeds is not None:
                return (prompt_embeds, *(given[name] for name in _OTHER_EMBEDDINGS))
            like = {"device": self.unet.device, "dtype": self.unet.dtype}
            count, config = (1 if isinstance(prompt, str) else len(prompt)), self.unet.config
            words = torch.randn(2, count, 77, config.cross_attention_dim, **like)
            pooled = torch.randn(2, count, _pooled_width(config), **like)
            return words[0], words[1], pooled[0], pooled[1]

    vae = {"latent_channels": 4, "scaling_factor": 0.13025}
    # It computes with NumPy, which reads no device's memory.
    with torch.device("cpu"):
        scheduler = EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        )
    return Textless(
        unet=sdxl_unet(debug=debug),
        vae=AutoencoderKL(**{**_VAE, **(_VAE_DEBUG if debug else {}), **vae}),
        scheduler=scheduler,
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
        add_watermarker=False,
    )


def _pooled_width(config: Any) -> int:
    return int(
        config.projection_class_embeddings_input_dim - _SIX_NUMBERS * config.addition_time_embed_dim
    )


def clip_config(name: str, *, debug: bool = False) -> dict[str, Any]:
    """open_clip's configuration of a model."""
    import open_clip

    return dict(CLIP_DEBUG) if debug else dict(open_clip.get_model_config(name))


def clip_network(config: Mapping[str, Any]) -> Any:
    """A CLIP."""
    import open_clip

    return open_clip.CLIP(**config).eval()


def sam2_config(folder: Path, *, debug: bool = False) -> dict[str, Any]:
    """Write the package's configuration of SAM 2.1 L, and read it as the backend does."""
    import shutil

    from sam2 import build_sam

    from models.segment.sam2 import configuration

    if debug:
        from models.zoo.segmenters import BUILDERS

        BUILDERS["sam2.1"](folder)
    else:
        packaged = Path(build_sam.__file__).with_name("configs") / "sam2.1" / "sam2.1_hiera_l.yaml"
        shutil.copy(packaged, folder)
    model: dict[str, Any] = configuration(random_weights(folder))["model"]
    return model


def sam2_network(model: dict[str, Any]) -> Any:
    """SAM 2.1."""
    from models.segment.sam2 import build

    return build(model, "SAM 2.1").eval()


def qwen_config(ids: Mapping[str, int], *, debug: bool = False) -> Any:
    """Qwen2.5-VL-7B with the control tokens of another tokenizer.

    Args:
        ids: The id of every token; the published vocabulary cannot be made offline.
        debug: Two narrow layers instead.
    """
    from transformers import Qwen2_5_VLConfig

    from models.zoo.vlms import qwen25_config

    small = qwen25_config(dict(ids))
    if debug:
        return small
    own = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ends = {key: getattr(small.text_config, key) for key in ("bos_token_id", "eos_token_id")}
    return Qwen2_5_VLConfig(
        text_config=dict(QWEN_TEXT) | ends,
        vision_config=dict(QWEN_VISION),
        tie_word_embeddings=False,
        **{key: getattr(small, key) for key in own},
    )


def qwen_network(config: Any, dtype: Any) -> Any:
    """A vision-language model; `generate` stops it by its number of tokens."""
    from transformers import AutoModelForImageTextToText, GenerationConfig

    model = AutoModelForImageTextToText.from_config(config, dtype=dtype).eval()
    model.generation_config = GenerationConfig()
    return model
