"""Floating-point operations of Qwen2.5-VL and Qwen3-VL, from their configurations.

A multiplication with an addition counts as two; norms, activations and rotations are left out, less
than one in a hundred. Attention is causal in the language model, so half of its square is counted,
as flash kernels compute it. Layers as in Qwen2.5-VL (arXiv:2502.13923, section 2 and table 1) and
in transformers' models of the two; the counting follows PaLM (arXiv:2204.02311, appendix B).
"""

from collections.abc import Sequence
from typing import Any


def flops(
    config: Any,  # noqa: ANN401 - transformers' Qwen2_5_VLConfig or Qwen3VLConfig
    *,
    text_tokens: int,
    image_tokens: Sequence[int],
    new_tokens: int,
) -> int:
    """Operations of one answer: images, prompt, and one token after the other.

    Args:
        config: The checkpoint's.
        text_tokens: Tokens of the prompt that are no images'.
        image_tokens: Of each image, once its patches are merged: pixels / 28² or / 32².
        new_tokens: Tokens of the answer, the one that ends it included.
    """
    prompt = text_tokens + sum(image_tokens)
    seen = sum(vision_flops(config.vision_config, tokens) for tokens in image_tokens)
    return seen + language_flops(config.text_config, prompt_tokens=prompt, new_tokens=new_tokens)


def language_flops(
    config: Any,  # noqa: ANN401 - the text config of either
    *,
    prompt_tokens: int,
    new_tokens: int,
) -> int:
    """Operations of the language model: a pass over the prompt, then one for each token but one."""
    width, heads = config.hidden_size, config.num_attention_heads
    head = getattr(config, "head_dim", None) or width // heads
    projections = 2 * width * heads * head + 2 * width * config.num_key_value_heads * head
    layer = 2 * (projections + 3 * width * config.intermediate_size)
    passes = prompt_tokens + new_tokens - 1
    attention = 4 * heads * head * passes * passes // 2
    words = 2 * width * config.vocab_size * new_tokens
    return int(config.num_hidden_layers * (layer * passes + attention) + words)


def vision_flops(config: Any, image_tokens: int) -> int:  # noqa: ANN401 - the vision config of either
    """Operations of the vision tower on one image, its merging into tokens included."""
    merged = config.spatial_merge_size**2
    patches, width = image_tokens * merged, config.hidden_size
    cut = config.in_channels * config.temporal_patch_size * config.patch_size**2
    # Qwen2.5-VL's blocks have gated layers of three matrices, Qwen3-VL's of two.
    is_gated = hasattr(config, "fullatt_block_indexes")
    block = 4 * width * width + (3 if is_gated else 2) * width * config.intermediate_size
    linear = 2 * patches * (cut * width + config.depth * block)
    merger = (merged * width) ** 2 + merged * width * config.out_hidden_size
    mergers = 1 + len(getattr(config, "deepstack_visual_indexes", ()))
    seen = sum(_neighbours(config, patches))
    return int(linear + 4 * width * patches * seen + 2 * image_tokens * mergers * merger)


def _neighbours(config: Any, patches: int) -> list[int]:  # noqa: ANN401 - the vision config of either
    """How many patches one patch attends to, block by block."""
    if not hasattr(config, "fullatt_block_indexes"):
        return [patches] * config.depth
    window = min(patches, (config.window_size // config.patch_size) ** 2)
    return [patches if i in config.fullatt_block_indexes else window for i in range(config.depth)]
