"""Writes a trained network as a folder that open_clip, transformers and onnxruntime can read."""

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path

from tokenizers import Tokenizer

from models.embed.studio import CHECKSUMS, IMAGE_GRAPH, NAMES, TEXT_GRAPH, TOKENIZER, WEIGHTS
from models.embed.studio_pixels import SIDE_PX
from models.embed.studio_training.architecture import MODEL, PREPROCESS, Network, Tensor
from models.embed.studio_training.captions import CONTEXT_TOKENS, END, PAD, START
from models.studio.catalogue import names

_OPSET = 20


def export(model: Network, tokenizer: Tokenizer, folder: Path) -> None:
    """Write weights, configuration, tokenizer, names, both graphs, and checksums of what is read.

    Args:
        model: An open_clip `CLIP` of `MODEL`.
        tokenizer: What it was trained with.
        folder: Where to; made if need be.
    """
    import torch
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
    image = torch.zeros(2, 3, SIDE_PX, SIDE_PX)
    _write_graph(model, folder / IMAGE_GRAPH, "image", {"image": image}, weights)
    text = torch.zeros(2, CONTEXT_TOKENS, dtype=torch.long)
    _write_graph(model, folder / TEXT_GRAPH, "tokens", {"text": text}, weights)
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


def _write_graph(
    model: Network, file: Path, takes: str, example: Mapping[str, Tensor], weights: Path
) -> None:
    """One tower: n inputs to "embedding" n x dimensions, of unit length, and the cosines' "scale".

    Its numbers stay in the safetensors file, so they exist once and open_clip and onnxruntime read
    the same ones.
    """
    import onnx
    import torch

    made = io.BytesIO()
    torch.onnx.export(
        model.eval(),
        (),
        made,
        kwargs=dict(example),
        input_names=[takes],
        output_names=["embedding", "scale"],
        dynamic_axes={takes: {0: "n"}, "embedding": {0: "n"}},
        opset_version=_OPSET,
        # The newer exporter needs a package more.
        dynamo=False,
        # Else a batch norm is folded into its convolution, whose numbers are no checkpoint's.
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    graph = onnx.load_from_string(made.getvalue())
    places = _places(weights)
    for tensor in graph.graph.initializer:
        start, end = places[tensor.name]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", start), ("length", end - start)):
            tensor.external_data.add(key=key, value=str(value))
    file.write_bytes(graph.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(file))


def _places(file: Path) -> Mapping[str, tuple[int, int]]:
    """Where the tensors of a safetensors file start and end in it."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    offsets = {name: entry["data_offsets"] for name, entry in header.items()}
    return {name: (8 + length + start, 8 + length + end) for name, (start, end) in offsets.items()}


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
