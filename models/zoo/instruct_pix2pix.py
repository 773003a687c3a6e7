"""InstructPix2Pix of debug size: Stable Diffusion whose UNet sees the source's latents as well."""

from pathlib import Path

from models.zoo.networks import GAIN, seeded
from models.zoo.sdxl import TEXT_WIDTH, small_text, small_vae
from models.zoo.tokenizers import clip_tokenizer


def build_instruct_pix2pix(folder: Path) -> None:
    """In the layout of its repository, without a safety checker."""
    from diffusers import (
        EulerAncestralDiscreteScheduler,
        StableDiffusionInstructPix2PixPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextModel, CLIPTokenizer

    numbers = clip_tokenizer(folder / "tokenizer")
    unet = seeded(
        UNet2DConditionModel,
        1,
        gain=GAIN,
        sample_size=8,
        in_channels=8,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        attention_head_dim=2,
        norm_num_groups=8,
        cross_attention_dim=TEXT_WIDTH,
    )
    StableDiffusionInstructPix2PixPipeline(
        vae=small_vae(),
        text_encoder=small_text(CLIPTextModel, 2, numbers),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=unet,
        scheduler=EulerAncestralDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    clip_tokenizer(folder / "tokenizer")


BUILDERS = {"instruct-pix2pix": build_instruct_pix2pix}
