"""How much SAM 2's image encoder computes: the measure that its speed is held against."""

from collections.abc import Mapping
from math import ceil
from typing import Any

_PATCH_PX, _STRIDE_PX = 7, 4
_MLP_RATIO = 4
_DEFAULTS = {
    "stages": (2, 3, 16, 3),
    "window_spec": (8, 4, 14, 7),
    "global_att_blocks": (12, 16, 20),
}
"""The trunk's, where a configuration gives none."""


def encoder_flops(model: Mapping[str, Any]) -> float:
    """Floating-point operations of encoding one image, two for each multiplication with addition.

    Counted layer by layer as `sam2.modeling.backbones.hieradet` and `image_encoder` build them: the
    patch convolution, each block's linear layers and attention, the neck's convolutions. Padding to
    whole windows is counted, since it is computed; norms and activations are not.

    Args:
        model: The configuration's `model`, as `sam2.1_hiera_l.yaml` has it.

    Returns:
        For SAM 2.1 L at 1024 px 1.82e12.
    """
    trunk = {**_DEFAULTS, **model["image_encoder"]["trunk"]}
    stages, windows = trunk["stages"], trunk["window_spec"]
    side, width = model["image_size"] // _STRIDE_PX, trunk["embed_dim"]
    total = side**2 * 3 * _PATCH_PX**2 * width
    depth, channels, sides = 0, [], []
    for stage, blocks in enumerate(stages):
        for block in range(blocks):
            pools = block == 0 and stage > 0
            # The first block of a stage still has the windows of the one before.
            window = windows[stage - 1 if pools else stage]
            if depth in trunk["global_att_blocks"]:
                window = 0
            total += _block(side, width, window, pools=pools)
            depth += 1
            if pools:
                side, width = side // 2, 2 * width
        channels.append(width)
        sides.append(side)
    neck = model["image_encoder"]["neck"]["d_model"]
    total += sum(s**2 * c * neck for s, c in zip(sides, channels, strict=True))
    return float(2 * total)


def _block(side: int, width: int, window: int, *, pools: bool) -> int:
    """Multiplications of one block; with pooling it halves the grid and doubles the width."""
    out = 2 * width if pools else width
    padded = ceil(side / window) * window if window else side
    tokens, keys = padded**2, (window or padded) ** 2
    queries = tokens // 4 if pools else tokens
    skip = side**2 * width * out if pools else 0
    attention = tokens * width * 3 * out + 2 * queries * keys * out + queries * out**2
    feed_forward = 2 * (side // 2 if pools else side) ** 2 * out * _MLP_RATIO * out
    return skip + attention + feed_forward
