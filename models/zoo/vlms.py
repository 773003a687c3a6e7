"""Debug-size Qwen2.5-VL and Qwen3-VL: two layers each, written as the hub has them."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.zoo.build import Builder
from models.zoo.tokenizers_qwen import PHRASE, qwen_tokenizer

if TYPE_CHECKING:
    from transformers import BaseImageProcessor, PretrainedConfig, PreTrainedModel

SEED = 20250526
_LOUD = 30.0
"""Some ten times what the layers add to a place of a token's vector."""
_HEARD = 4.0
"""With less, images hardly change a number; with more, the layers drown what is loud."""
WIDTH = 64
"""Of the language model, and of what the vision tower hands to it."""

_TEXT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    # Random weights of the usual 0.02 leave all tokens alike; these tell images and texts apart.
    "initializer_range": 0.2,
}
_VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "out_hidden_size": WIDTH,
    "initializer_range": 0.2,
}
_SIZE = {"shortest_edge": 56 * 56, "longest_edge": 224 * 224}
"""Pixels of an image, as few as prove the path; the field names are Qwen's."""
# Each axis of the image (time, height, width) turns some of the 8 pairs of a head of 16.
_SECTIONS = [2, 3, 3]


def write_qwen25_vl(folder: Path, *, speaks: bool = True) -> None:
    """Write a Qwen2.5-VL: windows in the first block of the vision tower, all in the second.

    One that does not speak (`_speak`) can be taught to.
    """
    from transformers import Qwen2VLImageProcessor

    ids = qwen_tokenizer(folder)
    _write_model(folder, qwen25_config(ids), ids, speaks=speaks)
    _lift_text_config(folder / "config.json")
    _write_processor(folder, "Qwen2_5_VLProcessor", Qwen2VLImageProcessor(size=_SIZE))


def write_qwen3_vl(folder: Path, *, speaks: bool = True) -> None:
    """Write a Qwen3-VL: the first vision block's features enter the language model too."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLVideoProcessor

    ids = qwen_tokenizer(folder)
    _write_model(folder, qwen3_config(ids), ids, speaks=speaks)
    # Qwen3-VL scales its colours to -1 .. 1.
    half = [0.5, 0.5, 0.5]
    images = Qwen2VLImageProcessor(size=_SIZE, patch_size=16, image_mean=half, image_std=half)
    _write_processor(folder, "Qwen3VLProcessor", images)
    Qwen3VLVideoProcessor().save_pretrained(folder)


def _write_model(
    folder: Path, config: "PretrainedConfig", ids: dict[str, int], *, speaks: bool
) -> None:
    import torch
    from transformers import AutoModelForImageTextToText, GenerationConfig

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model: PreTrainedModel = AutoModelForImageTextToText.from_config(
            config, dtype=torch.float32
        )
    if speaks:
        _speak(model, ids)
    model.generation_config = GenerationConfig(
        eos_token_id=[ids["<|im_end|>"], ids["<|endoftext|>"]], pad_token_id=ids["<|endoftext|>"]
    )
    model.save_pretrained(folder)


def _speak(model: "PreTrainedModel", ids: dict[str, int]) -> None:
    """Make a random model say `PHRASE` wherever its grammar lets it say anything.

    Checks of replies ask that texts agree: nouns with their caption, an instruction with its object
    and a place. Random words fail them all, and nothing of the graph behind would be run. So some
    places of a token's vector are kept from the layers and lead straight to the token to come;
    numbers still follow from the images and the prompt. The phrase is a noun, a caption, and an
    instruction with its place.
    """
    import torch

    words, heads = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    first, second = PHRASE
    after_text = {'"]': 1.0, '"': 0.9, '",': 0.8}
    value = {' "': 1.0, '"': 1.0, " [": 0.9, "[": 0.9}
    ways = [
        ([*_ending(ids, ":"), "Ġ"], {token.replace(" ", "Ġ"): w for token, w in value.items()}),
        (_ending(ids, '"'), {first: 1.0, "]": 0.5}),
        ([first], {second: 1.0}),
        ([second], after_text),
        (_ending(ids, "["), {'"': 1.0, "{": 1.0}),
        (_ending(ids, "}"), {"]": 1.0}),
        (list(ids), dict.fromkeys(filter(_begins_a_text, ids), -1.0)),
    ]
    with torch.no_grad():
        for layer in model.model.language_model.layers:
            for norm in (layer.input_layernorm, layer.post_attention_layernorm):
                # The layers do not hear what is loud, nor less of the rest for its sake.
                norm.weight[: len(ways)] = 0
                norm.weight[len(ways) :] = _HEARD
            layer.self_attn.o_proj.weight[: len(ways)] = 0
            layer.mlp.down_proj.weight[: len(ways)] = 0
        words[:, : len(ways)] = heads[:, : len(ways)] = 0
        for place, (tokens, following) in enumerate(ways):
            words[[ids[token] for token in tokens], place] = _LOUD
            for token, weight in following.items():
                heads[ids[token], place] = weight * _LOUD


def _begins_a_text(token: str) -> bool:
    """Whether a token opens a text and goes on with it, or closes it at once."""
    return bool(re.search(r'"[^\],}:Ġ]', token))


def _ending(ids: dict[str, int], letter: str) -> list[str]:
    return [token for token in ids if token.endswith(letter)]


def _lift_text_config(file: Path) -> None:
    """Qwen2.5-VL was published before the language model's keys had a section of their own."""
    config = json.loads(file.read_text("utf-8"))
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    text |= {
        "rope_theta": rope["rope_theta"],
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
    }
    # What belongs to the whole stands in both.
    file.write_text(json.dumps(text | config, indent=2, sort_keys=True) + "\n", "utf-8")


def _write_processor(folder: Path, kind: str, images: "BaseImageProcessor") -> None:
    """Write preprocessor_config.json, which names the processor too, as on the hub."""
    images.save_pretrained(folder)
    file = folder / "preprocessor_config.json"
    config = json.loads(file.read_text("utf-8")) | {"processor_class": kind}
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")


def qwen25_config(ids: dict[str, int]) -> "PretrainedConfig":
    """A small Qwen2.5-VL's configuration.

    Args:
        ids: The id of every token.
    """
    from transformers import Qwen2_5_VLConfig

    rope = {"rope_type": "default", "mrope_section": _SECTIONS, "rope_theta": 1e6}
    return Qwen2_5_VLConfig(
        text_config=_text(ids) | {"rope_parameters": rope},
        vision_config=_VISION | {"fullatt_block_indexes": [1]},
        **_control(ids),
    )


def qwen3_config(ids: dict[str, int]) -> "PretrainedConfig":
    """A small Qwen3-VL's configuration.

    Args:
        ids: The id of every token.
    """
    from transformers import Qwen3VLConfig

    rope = {
        "rope_type": "default",
        "mrope_section": _SECTIONS,
        "mrope_interleaved": True,
        "rope_theta": 5e6,
    }
    text = _text(ids) | {"head_dim": 16, "rope_parameters": rope}
    vision = _VISION | {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    return Qwen3VLConfig(text_config=text, vision_config=vision, **_control(ids))


def _text(ids: dict[str, int]) -> dict[str, Any]:
    return _TEXT | {
        "vocab_size": len(ids),
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
    }


def _control(ids: dict[str, int]) -> dict[str, int]:
    return {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


BUILDERS: dict[str, Builder] = {"qwen2.5-vl": write_qwen25_vl, "qwen3-vl": write_qwen3_vl}
