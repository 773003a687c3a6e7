"""Writes a trained network as a folder that open_clip, transformers and onnxruntime can read."""

import hashlib
import json
from pathlib import Path

from tokenizers import Tokenizer

from models.embed.studio import CHECKSUMS, IMAGE_GRAPH, NAMES, TEXT_GRAPH, TOKENIZER, WEIGHTS
from models.embed.studio_training.architecture import MODEL, PREPROCESS, Network
from models.embed.studio_training.captions import CONTEXT_TOKENS, END, PAD, START
from models.embed.studio_training.towers import write_image_tower, write_text_tower
from models.studio.catalogue import names


def export(model: Network, tokenizer: Tokenizer, folder: Path) -> None:
    """Write weights, configuration, tokenizer, names, both graphs, and checksums of what is read.

    Args:
        model: An open_clip `CLIP` of `MODEL`.
        tokenizer: What it was trained with.
        folder: Where to; made if need be.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    weights.write_bytes(save(state))
    _write_json(
        folder / "open_clip_config.json", {"model_cfg": MODEL, "preprocess_cfg": PREPROCESS}
    )
    tokenizer.save(str(folder / TOKENIZER))
    _write_json(folder / "tokenizer_config.json", _TOKENIZER_CONFIG)
    write_image_tower(folder / IMAGE_GRAPH, weights, MODEL)
    write_text_tower(folder / TEXT_GRAPH, weights, MODEL)
    _write_json(folder / NAMES, names())
    read = (WEIGHTS, IMAGE_GRAPH, TEXT_GRAPH, TOKENIZER, NAMES)
    _write_json(folder / CHECKSUMS, {file: _sha256(folder / file) for file in read})


_TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": CONTEXT_TOKENS,
    "pad_token": PAD,
    "bos_token": START,
    "eos_token": END,
}


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
