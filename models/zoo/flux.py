"""FLUX.1 of debug size: Fill, dev, Kontext, Redux, a canny ControlNet, and a LoRA adapter."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.zoo.networks import GAIN, seeded
from models.zoo.tokenizers import clip_tokenizer, t5_tokenizer

TEXT_WIDTH = 32
POOLED_WIDTH = 32
LATENT_CHANNELS = 16
"""As in the real autoencoder: Fill's 384 input channels follow from it and from its factor of 8."""

_PACKED = 4 * LATENT_CHANNELS
_MASK_CHANNELS = 16 * 16
"""Fill sees the mask at full resolution: 16 x 16 pixels for each token."""

_TELLING = 5.0
"""Random weights of the usual size leave all texts alike; larger ones tell them apart."""

_TRANSFORMER: Mapping[str, Any] = {
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": TEXT_WIDTH,
    "pooled_projection_dim": POOLED_WIDTH,
    "guidance_embeds": True,
    "axes_dims_rope": (4, 6, 6),
    "num_layers": 1,
    "num_single_layers": 1,
}


def build_fill(folder: Path) -> None:
    """FLUX.1 Fill: the noisy latents, the masked image's and the mask go in side by side."""
    from diffusers import FluxFillPipeline, FluxTransformer2DModel

    channels = {"in_channels": 2 * _PACKED + _MASK_CHANNELS, "out_channels": _PACKED}
    transformer = seeded(FluxTransformer2DModel, 1, gain=GAIN, **_TRANSFORMER, **channels)
    FluxFillPipeline(transformer=transformer, **_parts(folder)).save_pretrained(folder)


def build_dev(folder: Path) -> None:
    """FLUX.1-dev: text to image, and under image-to-image and ControlNets."""
    from diffusers import FluxPipeline, FluxTransformer2DModel

    transformer = seeded(FluxTransformer2DModel, 2, gain=GAIN, **_TRANSFORMER, in_channels=_PACKED)
    FluxPipeline(transformer=transformer, **_parts(folder)).save_pretrained(folder)


def build_kontext(folder: Path) -> None:
    """FLUX.1 Kontext: dev's architecture; the source's latents follow the noisy ones."""
    from diffusers import FluxKontextPipeline, FluxTransformer2DModel

    transformer = seeded(FluxTransformer2DModel, 10, gain=GAIN, **_TRANSFORMER, in_channels=_PACKED)
    FluxKontextPipeline(transformer=transformer, **_parts(folder)).save_pretrained(folder)


def build_redux(folder: Path) -> None:
    """FLUX.1 Redux: SigLIP's tokens of an image, turned into tokens of FLUX's text."""
    from diffusers import FluxPriorReduxPipeline
    from diffusers.pipelines.flux import ReduxImageEncoder
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
    )
    FluxPriorReduxPipeline(
        image_encoder=seeded(SiglipVisionModel, 3, config=config),
        feature_extractor=SiglipImageProcessor(size={"height": 56, "width": 56}),
        image_embedder=seeded(
            ReduxImageEncoder, 4, gain=GAIN, redux_dim=16, txt_in_features=TEXT_WIDTH
        ),
    ).save_pretrained(folder)


def build_canny_controlnet(folder: Path) -> None:
    """A ControlNet that reads the control image through the autoencoder, as InstantX's."""
    from diffusers import FluxControlNetModel

    options = dict(_TRANSFORMER) | {"num_single_layers": 0}
    seeded(FluxControlNetModel, 5, gain=GAIN, **options, in_channels=_PACKED).save_pretrained(
        folder
    )


def build_lora(folder: Path) -> None:
    """An adapter of rank 4 on the attention of FLUX.1's blocks, in diffusers' own format."""
    import torch
    from diffusers import FluxPipeline, FluxTransformer2DModel
    from peft import LoraConfig, get_peft_model_state_dict

    targets = ["to_q", "to_k", "to_v", "to_out.0"]
    transformer = seeded(FluxTransformer2DModel, 2, gain=GAIN, **_TRANSFORMER, in_channels=_PACKED)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        transformer.add_adapter(
            LoraConfig(r=4, lora_alpha=4, target_modules=targets, init_lora_weights=False)
        )
    layers = get_peft_model_state_dict(transformer)
    FluxPipeline.save_lora_weights(folder, transformer_lora_layers=layers)


def _parts(folder: Path) -> dict[str, Any]:
    """What Fill, dev and Kontext share: both text encoders, the autoencoder and the scheduler."""
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler
    from transformers import CLIPTokenizer, T5Tokenizer

    ids = clip_tokenizer(folder / "tokenizer")
    t5_tokenizer(folder / "tokenizer_2")
    pieces = T5Tokenizer.from_pretrained(folder / "tokenizer_2")
    vae = seeded(
        AutoencoderKL,
        7,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        norm_num_groups=4,
        latent_channels=LATENT_CHANNELS,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    return {
        "vae": vae,
        "text_encoder": _clip_text(ids),
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        "text_encoder_2": _t5_text(len(pieces)),
        "tokenizer_2": pieces,
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
    }


def _clip_text(ids: Mapping[str, int]) -> Any:  # noqa: ANN401 - transformers' networks are untyped
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        **ids,
        hidden_size=POOLED_WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_factor=_TELLING,
    )
    return seeded(CLIPTextModel, 8, config=config)


def _t5_text(tokens: int) -> Any:  # noqa: ANN401 - transformers' networks are untyped
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=tokens,
        d_model=TEXT_WIDTH,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
        initializer_factor=_TELLING,
    )
    return seeded(T5EncoderModel, 9, config=config)


BUILDERS = {
    "flux1-fill": build_fill,
    "flux1-dev": build_dev,
    "flux1-kontext": build_kontext,
    "flux1-redux": build_redux,
    "flux1-canny-controlnet": build_canny_controlnet,
    "lora-flux1": build_lora,
}
