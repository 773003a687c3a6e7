"""What one image costs a CLIP's image tower."""

from collections.abc import Mapping
from typing import Any

from models.faults import ImgEditError

_PER_MULTIPLICATION = 2
"""A multiplication and an addition."""


def flops_per_image(config: Mapping[str, Any]) -> float:
    """Floating-point operations of the image tower for one image, forward.

    By the count of Kaplan et al. 2020 ("Scaling Laws for Neural Language Models", table 1): two for
    each parameter and token, and for attention two products of tokens x tokens x width in each
    layer. ViT-L/14 at 224 px: 0.162 TFLOP.

    Args:
        config: open_clip's `model_cfg`.

    Raises:
        ImgEditError: The tower is no plain vision transformer.
    """
    vision = config["vision_cfg"]
    layers, side = vision.get("layers", 12), vision.get("image_size", 224)
    if not isinstance(layers, int) or not isinstance(side, int) or "timm_model_name" in vision:
        msg = "the operations of this image tower cannot be counted: it is no plain ViT"
        raise ImgEditError(msg)
    width, patch_px = vision.get("width", 768), vision.get("patch_size", 16)
    patches = (side // patch_px) ** 2
    tokens = patches + 1
    # Query, key, value and output: 4 width^2; the two layers of the MLP: 2 x ratio x width^2.
    layer = (4 + 2 * vision.get("mlp_ratio", 4.0)) * width**2
    multiplications = (
        patches * 3 * patch_px**2 * width
        + tokens * layers * layer
        + layers * 2 * tokens**2 * width
        + width * config["embed_dim"]
    )
    return float(_PER_MULTIPLICATION * multiplications)
