"""A debug-size SigLIP 2, as its fixed-resolution checkpoints are published: both towers."""

from pathlib import Path

from models.zoo.build import Builder
from models.zoo.networks import seeded


def write_siglip2(folder: Path) -> None:
    """Write it: 16 patches of 16 px an image."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    tower = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    config = SiglipConfig(
        text_config=tower
        | {"vocab_size": 64, "projection_size": 16, "bos_token_id": 1, "eos_token_id": 2},
        vision_config=tower | {"image_size": 64, "patch_size": 16},
    )
    seeded(SiglipModel, 16, config=config).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)


BUILDERS: dict[str, Builder] = {"siglip2": write_siglip2}
