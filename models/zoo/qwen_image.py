"""Qwen-Image-Edit of debug size, in the layout of the 2509 and 2511 releases."""

from pathlib import Path
from typing import Any

from models.zoo.networks import GAIN, seeded
from models.zoo.tokenizers_qwen import CHAT_TEMPLATE, qwen_tokenizer
from models.zoo.vlms import qwen25_config

LATENT_CHANNELS = 16
_SIZE = {"shortest_edge": 56 * 56, "longest_edge": 112 * 112}
"""Pixels of an image as the text model sees it; the field names are Qwen's."""


def build_qwen_image_edit(folder: Path) -> None:
    """Qwen-Image-Edit: Qwen2.5-VL reads instruction and images, a transformer edits."""
    from diffusers import FlowMatchEulerDiscreteScheduler, QwenImageEditPlusPipeline
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

    config = qwen25_config(qwen_tokenizer(folder / "tokenizer"))
    tokenizer = Qwen2Tokenizer.from_pretrained(folder / "tokenizer")
    QwenImageEditPlusPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            base_image_seq_len=256,
            base_shift=0.5,
            max_image_seq_len=8192,
            max_shift=0.9,
            shift_terminal=0.02,
            use_dynamic_shifting=True,
        ),
        vae=_autoencoder(),
        text_encoder=seeded(Qwen2_5_VLForConditionalGeneration, 21, config=config),
        tokenizer=tokenizer,
        processor=_processor(tokenizer),
        transformer=_transformer(config.text_config.hidden_size),
    ).save_pretrained(folder)


def _processor(tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' processors are untyped
    from transformers import Qwen2VLImageProcessor, Qwen2VLProcessor, Qwen2VLVideoProcessor

    return Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=_SIZE),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHAT_TEMPLATE,
    )


def _autoencoder() -> Any:  # noqa: ANN401 - diffusers' networks are untyped
    from diffusers import AutoencoderKLQwenImage

    return seeded(AutoencoderKLQwenImage, 22, base_dim=2, z_dim=LATENT_CHANNELS, num_res_blocks=1)


def _transformer(text_width: int) -> Any:  # noqa: ANN401 - diffusers' networks are untyped
    from diffusers import QwenImageTransformer2DModel

    return seeded(
        QwenImageTransformer2DModel,
        23,
        gain=GAIN,
        in_channels=4 * LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=text_width,
        axes_dims_rope=(4, 6, 6),
    )


BUILDERS = {"qwen-image-edit": build_qwen_image_edit}
