"""Debug-size CLIPs in open_clip's layout, and a head of LAION's that fits one of them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from models.zoo.build import Builder

_VISION = {"layers": 2, "width": 32, "head_width": 16, "patch_size": 14}
# CLIP's own vocabulary, of which open_clip ships the merges: a row of 16 halves for each word.
_TEXT = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}

_L_14: Mapping[str, Any] = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": _VISION | {"image_size": 56},
    "text_cfg": _TEXT,
}
_H_14: Mapping[str, Any] = {
    "embed_dim": 32,
    "quick_gelu": True,
    "vision_cfg": _VISION | {"image_size": 84, "head_width": 8},
    "text_cfg": _TEXT,
}

_HEAD_FILE = "sac+logos+ava1-l14-linearMSE.pth"


def build_clip(folder: Path, *, config: Mapping[str, Any], resize_mode: str, seed: int) -> None:
    """Write a CLIP as open_clip writes one for the hub.

    Args:
        folder: Where to.
        config: open_clip's `model_cfg`.
        resize_mode: "shortest", or "squash" as DFN5B's.
        seed: Of its random weights.
    """
    import torch
    from open_clip import CLIP
    from open_clip.model import set_model_preprocess_cfg
    from open_clip.push_to_hf_hub import save_config_for_hf
    from open_clip.transform import PreprocessCfg, merge_preprocess_kwargs
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIP(**config).half()
    preprocess = merge_preprocess_kwargs(PreprocessCfg(), resize_mode=resize_mode)
    set_model_preprocess_cfg(model, preprocess)
    save_config_for_hf(model, folder / "open_clip_config.json", model_config=dict(config))
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")


def build_head(folder: Path) -> None:
    """Write a head for the debug-size ViT-L/14; its scores are near 5."""
    import torch

    from models.aesthetics.laion import head_network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(14)
        network = head_network(_L_14["embed_dim"])
    tensors = network.state_dict()
    tensors["layers.7.bias"] += 5
    torch.save(tensors, folder / _HEAD_FILE)


BUILDERS: dict[str, Builder] = {
    "clip-vit-l-14": partial(build_clip, config=_L_14, resize_mode="shortest", seed=214),
    "clip-vit-h-14": partial(build_clip, config=_H_14, resize_mode="squash", seed=514),
    "laion-aesthetic-head": build_head,
}
