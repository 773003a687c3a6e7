"""The networks of `gpu.py`: published configurations, random weights, no checkpoint.

Each function makes a network on torch's current default device, so `with torch.device("meta")`
gives its shapes alone, and in the default dtype.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.hosting import ModelSpec
from models.weights import Weights

FLUX_FILL: Mapping[str, Any] = {"in_channels": 384, "out_channels": 64, "guidance_embeds": True}
"""`transformer/config.json` of black-forest-labs/FLUX.1-Fill-dev, where it is not FLUX.1's own."""
FLUX_FILL_DEBUG = FLUX_FILL | {
    "num_layers": 2,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 4,
    "joint_attention_dim": 32,
    "pooled_projection_dim": 32,
    "axes_dims_rope": (4, 6, 6),
}

_VAE: Mapping[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "sample_size": 1024,
}
_VAE_DEBUG = {"block_out_channels": (8, 8, 16, 16), "norm_num_groups": 4, "layers_per_block": 1}

SAM2_VISION: Mapping[str, Any] = {
    "backbone_config": {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 144,
        "num_attention_heads": 2,
        "blocks_per_stage": [2, 6, 36, 4],
        "embed_dim_per_stage": [144, 288, 576, 1152],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "window_size_per_stage": [8, 4, 16, 8],
        "global_attention_blocks": [23, 33, 43],
    },
    "backbone_channel_list": [1152, 576, 288, 144],
}
"""`vision_config` of facebook/sam2.1-hiera-large."""
SAM2_VISION_DEBUG: Mapping[str, Any] = {
    "backbone_config": {
        "model_type": "sam2_hiera_det_model",
        "image_size": [128, 128],
        "hidden_size": 8,
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [4, 4, 4, 2],
        "global_attention_blocks": [3],
    },
    "backbone_channel_list": [64, 32, 16, 8],
    "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
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


@dataclass(frozen=True, slots=True)
class MadeHost:
    """A host of one network that was made here: it loads nothing, whatever is asked for."""

    network: Any

    @contextmanager
    def use(self, spec: ModelSpec[Any]) -> Iterator[Any]:
        """The network, to the one caller that there is."""
        del spec
        yield self.network


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


def sam2_config(*, debug: bool = False) -> Any:
    """SAM 2.1 L's configuration, without what follows a video."""
    from transformers import Sam2Config

    return Sam2Config(vision_config=dict(SAM2_VISION_DEBUG if debug else SAM2_VISION))


def sam2_layout(config: Any) -> dict[str, Any]:
    """The same as the sam2 package has it, for the formula of its operations."""
    trunk, neck = config.vision_config.backbone_config, config.vision_config.fpn_hidden_size
    layers = {
        "embed_dim": trunk.hidden_size,
        "stages": trunk.blocks_per_stage,
        "window_spec": trunk.window_size_per_stage,
        "global_att_blocks": trunk.global_attention_blocks,
    }
    side_px = int(trunk.image_size[0])
    return {"image_size": side_px, "image_encoder": {"trunk": layers, "neck": {"d_model": neck}}}


def sam2_network(config: Any) -> Any:
    """SAM 2.1 for images."""
    from transformers import Sam2Model

    return Sam2Model(config).eval()


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
