"""The network: open_clip's own convolutional tower and a small text tower, about 4 MB together."""

from collections.abc import Mapping
from typing import Any

from models.embed.studio_pixels import SIDE_PX
from models.embed.studio_training.captions import CONTEXT_TOKENS, VOCABULARY

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""
Network = Any
"""An open_clip `CLIP`; nor is open_clip."""

MODEL: Mapping[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": SIDE_PX, "layers": [1, 1, 1, 1], "width": 16, "head_width": 64},
    "text_cfg": {
        "context_length": CONTEXT_TOKENS,
        "vocab_size": VOCABULARY,
        "hf_tokenizer_name": "studio_clip",
        "width": 64,
        "heads": 2,
        "layers": 2,
        "pool_type": "eos",
        "pad_id": 0,
        "eos_id": 2,
    },
}
PREPROCESS = {
    "size": SIDE_PX,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "interpolation": "bicubic",
    "resize_mode": "longest",
    "fill_color": 255,
}
