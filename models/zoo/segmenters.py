"""Debug-size SAM 2.1, in the package's layout and in that of transformers."""

from pathlib import Path
from typing import Any

from models.zoo.build import Builder
from models.zoo.networks import seeded, spread

_SIDE_PX = 128
_WIDTH = 16
"""Of the features; the trunk starts at half of it."""
_CHANNELS = tuple(_WIDTH // 2 * 2**stage for stage in range(4))


def sam2(folder: Path) -> None:
    """A configuration as the package's own, cut down, beside its checkpoint."""
    import torch
    from omegaconf import OmegaConf
    from sam2 import build_sam

    from models.segment.sam2 import build

    packaged = Path(build_sam.__file__).with_name("configs") / "sam2.1" / "sam2.1_hiera_t.yaml"
    config = OmegaConf.to_container(OmegaConf.load(packaged))
    _cut_down(config["model"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build(config["model"], "the zoo")
        for parameter in network.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.05)
    torch.save({"model": network.state_dict()}, folder / "sam2.1_hiera_debug.pt")
    text = "# @package _global_\n\n" + OmegaConf.to_yaml(OmegaConf.create(config))
    (folder / "sam2.1_hiera_d.yaml").write_text(text, "utf-8")


def _cut_down(model: dict[str, Any]) -> None:
    grid = _SIDE_PX // 16
    model["image_size"] = _SIDE_PX
    model["image_encoder"]["trunk"] |= {
        "embed_dim": _CHANNELS[0],
        "stages": [1, 1, 2, 1],
        "global_att_blocks": [3],
        "window_spec": [4, 4, 4, 2],
    }
    neck = model["image_encoder"]["neck"]
    neck |= {"d_model": _WIDTH, "backbone_channel_list": [*reversed(_CHANNELS)]}
    neck["position_encoding"]["num_pos_feats"] = _WIDTH
    attention = model["memory_attention"]
    attention |= {"d_model": _WIDTH, "num_layers": 1}
    layer = attention["layer"]
    layer |= {"d_model": _WIDTH, "dim_feedforward": 2 * _WIDTH}
    for part in (layer["self_attention"], layer["cross_attention"]):
        part |= {"feat_sizes": [grid, grid], "embedding_dim": _WIDTH}
    layer["cross_attention"]["kv_in_dim"] = _WIDTH
    memory = model["memory_encoder"]
    memory["out_dim"] = _WIDTH
    memory["position_encoding"]["num_pos_feats"] = _WIDTH
    memory["fuser"]["layer"]["dim"] = _WIDTH


def sam2_transformers(folder: Path) -> None:
    """As it is published for transformers: the video model, whose image half is what we load."""
    from transformers import Sam2ImageProcessor, Sam2Processor, Sam2VideoConfig, Sam2VideoModel

    grid = _SIDE_PX // 16
    config = Sam2VideoConfig(
        image_size=_SIDE_PX,
        vision_config={
            "backbone_config": {
                "model_type": "sam2_hiera_det_model",
                "image_size": [_SIDE_PX, _SIDE_PX],
                "hidden_size": _CHANNELS[0],
                "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": list(_CHANNELS),
                "num_attention_heads_per_stage": [1, 2, 4, 8],
                "window_size_per_stage": [4, 4, 4, 2],
                "global_attention_blocks": [3],
            },
            "backbone_channel_list": [*reversed(_CHANNELS)],
            "backbone_feature_sizes": [[4 * grid] * 2, [2 * grid] * 2, [grid] * 2],
            "fpn_hidden_size": _WIDTH,
        },
        prompt_encoder_config={"hidden_size": _WIDTH, "image_size": _SIDE_PX},
        mask_decoder_config={
            "hidden_size": _WIDTH,
            "mlp_dim": 2 * _WIDTH,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": _WIDTH,
        },
        memory_attention_hidden_size=_WIDTH,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=2 * _WIDTH,
        memory_attention_rope_feat_sizes=[grid, grid],
        memory_encoder_hidden_size=_WIDTH,
        memory_encoder_output_channels=_WIDTH,
        mask_downsampler_embed_dim=_WIDTH,
        memory_fuser_num_layers=1,
        memory_fuser_embed_dim=_WIDTH,
        memory_fuser_intermediate_dim=2 * _WIDTH,
    )
    spread(seeded(Sam2VideoModel, 0, config=config), 0).save_pretrained(folder)
    images = Sam2ImageProcessor(
        size={"height": _SIDE_PX, "width": _SIDE_PX},
        mask_size={"height": _SIDE_PX // 4, "width": _SIDE_PX // 4},
    )
    Sam2Processor(images).save_pretrained(folder)


BUILDERS: dict[str, Builder] = {"sam2.1": sam2, "sam2.1-hf": sam2_transformers}
