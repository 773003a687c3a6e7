"""Debug-size detectors: YOLO-World with its CLIP, Grounding DINO and SAM 3."""

import json
import string
from pathlib import Path
from typing import Any

from models.zoo.build import Builder
from models.zoo.networks import seeded, spread
from models.zoo.tokenizers import END, clip_vocabulary

_TEXT_TOKENS = 32
"""Of SAM 3."""
_MERGES = 1000
"""CLIP's first merges: enough that common nouns are one or two tokens."""
_UNUSED = 99
"""BERT leaves the numbers 1 to 99 and 104 to 998 free."""


def bert_tokenizer(folder: Path, *, words: tuple[str, ...]) -> int:
    """Write a BERT tokenizer with bert-base-uncased's numbers for special and ASCII characters.

    Grounding DINO's network knows [CLS], [SEP], "." and "?" by their numbers 101, 102, 1012 and
    1029, so they must keep them.

    Args:
        folder: Where to.
        words: Words that are one token; others are spelled out.

    Returns:
        Size of the vocabulary.
    """
    from transformers import BertTokenizer

    unused = [f"[unused{index}]" for index in range(994)]
    signs = [sign for sign in map(chr, range(33, 127)) if not sign.isupper()]
    spelled = [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    vocabulary = ["[PAD]", *unused[:_UNUSED], "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += [*unused[_UNUSED:], *signs, *spelled, *words]
    BertTokenizer(
        vocab={piece: index for index, piece in enumerate(vocabulary)}, model_max_length=512
    ).save_pretrained(folder)
    return len(vocabulary)


_TEXT_WIDTH = 512
"""YOLO-World's layers are written for CLIP ViT-B/32's embeddings."""


def yolo_world(folder: Path) -> None:
    """YOLO-World v2 at a sixteenth of its widths, pickled as ultralytics publishes it."""
    import torch

    from models.detect.ultralytics_import import ultralytics_tasks

    tasks = ultralytics_tasks()
    config = tasks.yaml_model_load("yolov8n-worldv2.yaml")
    config |= {"yaml_file": "yolov8t-worldv2.yaml", "scale": "t"}
    config["scales"] = {"t": [0.33, 0.0625, 1024]}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = tasks.WorldModel(config, verbose=False)
        network.txt_feats = torch.randn(1, 80, _TEXT_WIDTH)
        _calibrate(network)
    network.names = dict(enumerate(f"class {index}" for index in range(80)))
    checkpoint = {"epoch": -1, "model": network.half().eval(), "ema": None, "train_args": {}}
    torch.save(checkpoint, folder / "yolov8t-worldv2.pt")


def _calibrate(network: Any) -> None:  # noqa: ANN401 - ultralytics'
    """Let features and scores depend on the image, as training would."""
    import torch

    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    with torch.no_grad():
        network.train().predict(torch.rand(4, 3, 128, 128).round())
    for contrast in network.model[-1].cv4:
        # As initialised every score is near sigmoid(-10), below any threshold.
        torch.nn.init.constant_(contrast.bias, -3.0)
        torch.nn.init.constant_(contrast.logit_scale, 0.7)


def yolo_world_clip(folder: Path) -> None:
    """A CLIP whose texts are as wide as ViT-B/32's, with the full vocabulary and few layers."""
    import open_clip
    from safetensors.torch import save_file

    config: dict[str, Any] = {
        "embed_dim": _TEXT_WIDTH,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 16,
            "heads": 2,
            "layers": 1,
        },
    }
    network = seeded(open_clip.CLIP, 0, **config)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    preprocess = {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    }
    text = json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}, indent=2)
    (folder / "open_clip_config.json").write_text(text, "utf-8")


def grounding_dino(folder: Path) -> None:
    """Grounding DINO: a Swin and a BERT of one layer a stage, one fusing layer, 30 queries."""
    from transformers import (
        BertConfig,
        BertTokenizer,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    words = bert_tokenizer(folder, words=("cat", "dog", "tree", "cup", "sky"))
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 2, 2, 2],
            window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=words,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
        ),
        num_queries=30,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        d_model=32,
    )
    seeded(GroundingDinoForObjectDetection, 0, config=config).save_pretrained(folder)
    images = GroundingDinoImageProcessor(size={"shortest_edge": 96, "longest_edge": 160})
    GroundingDinoProcessor(images, BertTokenizer.from_pretrained(folder)).save_pretrained(folder)


def sam3(folder: Path) -> None:
    """SAM 3 as it is published: the video model, which holds the detector and a tracker."""
    from transformers import (
        CLIPTokenizer,
        Sam3ImageProcessor,
        Sam3Processor,
        Sam3VideoConfig,
        Sam3VideoModel,
    )

    vocabulary, merges = clip_vocabulary(_MERGES)
    words = len(vocabulary)
    tokenizer = CLIPTokenizer(
        vocab=vocabulary, merges=merges, pad_token=END, model_max_length=_TEXT_TOKENS
    )
    tokenizer.save_pretrained(folder)
    side_px, patch_px, width = 112, 14, 32
    grid = side_px // patch_px
    layers = {"hidden_size": width, "num_attention_heads": 4, "intermediate_size": 64}
    once = {**layers, "num_layers": 1}
    vision = {
        "backbone_config": {
            "model_type": "sam3_vit_model",
            **layers,
            "num_hidden_layers": 2,
            "image_size": side_px,
            "pretrain_image_size": side_px // 2,
            "window_size": grid // 2,
            "global_attn_indexes": [1],
        },
        "fpn_hidden_size": width,
        "backbone_feature_sizes": [[4 * grid] * 2, [2 * grid] * 2, [grid] * 2],
    }
    text = {
        "model_type": "clip_text_model",
        **layers,
        "vocab_size": words,
        "num_hidden_layers": 1,
        "projection_dim": width,
        "max_position_embeddings": _TEXT_TOKENS,
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
    }
    detector = {
        "model_type": "sam3",
        "vision_config": vision,
        "text_config": text,
        "geometry_encoder_config": once,
        "detr_encoder_config": once,
        "detr_decoder_config": {**once, "num_queries": 20},
        "mask_decoder_config": {"hidden_size": width, "num_attention_heads": 4},
    }
    prompts = {"hidden_size": width, "image_size": side_px, "patch_size": patch_px}
    tracker = {
        "model_type": "sam3_tracker_video",
        "vision_config": vision,
        "image_size": side_px,
        "prompt_encoder_config": prompts,
        "mask_decoder_config": {"hidden_size": width, "mlp_dim": 64, "num_attention_heads": 4},
        "memory_attention_hidden_size": width,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 64,
        "memory_attention_rope_feat_sizes": [grid, grid],
        "memory_encoder_hidden_size": width,
        "memory_encoder_output_channels": 16,
        "memory_fuser_num_layers": 1,
        "memory_fuser_embed_dim": width,
        "memory_fuser_intermediate_dim": 64,
        "mask_downsampler_embed_dim": width,
    }
    config = Sam3VideoConfig(
        detector_config=detector, tracker_config=tracker, low_res_mask_size=4 * grid
    )
    spread(seeded(Sam3VideoModel, 0, config=config), 0).save_pretrained(folder)
    images = Sam3ImageProcessor(size={"height": side_px, "width": side_px})
    Sam3Processor(images, CLIPTokenizer.from_pretrained(folder)).save_pretrained(folder)


BUILDERS: dict[str, Builder] = {
    "yolo-world": yolo_world,
    "yolo-world-clip": yolo_world_clip,
    "grounding-dino": grounding_dino,
    "sam3": sam3,
}
