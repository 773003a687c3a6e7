"""FLUX.2 of debug size: klein (text by Qwen3) and the large one (text by Mistral 3)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.zoo.networks import GAIN, seeded
from models.zoo.tokenizers import mistral_processor
from models.zoo.tokenizers_qwen import qwen_tokenizer

_TEXT: Mapping[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    # Random weights of the usual 0.02 leave all tokens alike.
    "initializer_range": 0.2,
}
_TEXT_LAYERS_READ = 3
"""Three hidden states of the text model stand side by side in each token."""

_TRANSFORMER: Mapping[str, Any] = {
    "in_channels": 128,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": _TEXT_LAYERS_READ * 16,
    "timestep_guidance_channels": 32,
    "axes_dims_rope": (4, 4, 4, 4),
    "num_layers": 1,
    "num_single_layers": 1,
}


def build_klein(folder: Path) -> None:
    """FLUX.2-klein, distilled: four steps without guidance."""
    from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

    tokens = qwen_tokenizer(folder / "tokenizer")
    # The deepest hidden state that the pipeline reads is the 27th.
    config = Qwen3Config(**_TEXT, vocab_size=len(tokens), num_hidden_layers=28)
    Flux2KleinPipeline(
        transformer=seeded(
            Flux2Transformer2DModel, 11, gain=GAIN, **_TRANSFORMER, guidance_embeds=False
        ),
        text_encoder=seeded(Qwen3ForCausalLM, 12, config=config),
        tokenizer=Qwen2Tokenizer.from_pretrained(folder / "tokenizer"),
        is_distilled=True,
        **_parts(),
    ).save_pretrained(folder)


def build_flux2(folder: Path) -> None:
    """FLUX.2-dev: guidance is an input of the transformer."""
    from diffusers import Flux2Pipeline, Flux2Transformer2DModel
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    processor = mistral_processor()
    processor.save_pretrained(folder / "tokenizer")
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = Mistral3Config(
        # The deepest hidden state that the pipeline reads is the 30th.
        text_config=dict(_TEXT)
        | {
            "model_type": "mistral",
            "vocab_size": len(processor.tokenizer),
            "num_hidden_layers": 31,
        },
        vision_config={
            "model_type": "pixtral",
            "num_attention_heads": 2,
            "head_dim": 8,
            "patch_size": 14,
            "image_size": 56,
            **vision,
        },
        image_token_index=processor.image_token_id,
    )
    Flux2Pipeline(
        transformer=seeded(
            Flux2Transformer2DModel, 13, gain=GAIN, **_TRANSFORMER, guidance_embeds=True
        ),
        text_encoder=seeded(Mistral3ForConditionalGeneration, 14, config=config),
        tokenizer=processor,
        **_parts(),
    ).save_pretrained(folder)


def _parts() -> dict[str, Any]:
    """What both share: an autoencoder of 32 latent channels, and the scheduler."""
    from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler

    vae = seeded(
        AutoencoderKLFlux2,
        15,
        block_out_channels=(8, 8, 16, 16),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=64,
    )
    return {
        "vae": vae,
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
    }


BUILDERS = {"flux2-klein": build_klein, "flux2": build_flux2}
