"""The two towers of open_clip's CLIP as ONNX: its convolutional image tower and its text tower."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.embed.studio_training.graph import Graph


def write_image_tower(file: Path, weights: Path, architecture: Mapping[str, Any]) -> None:
    """open_clip's `ModifiedResNet`; "image" n x 3 x side x side to "embedding" n x dimensions."""
    vision = architecture["vision_cfg"]
    g = Graph(weights)
    x = _stem(g, "image")
    for layer, blocks in enumerate(vision["layers"], 1):
        for block in range(blocks):
            halved = layer > 1 and block == 0
            x = _bottleneck(g, x, f"visual.layer{layer}.{block}", first=block == 0, halved=halved)
    width = vision["width"] * 32
    pooled = _attention_pool(g, x, width=width, heads=width // vision["head_width"])
    g.add("LpNormalization", pooled, output="embedding", axis=-1, p=2)
    side = vision["image_size"]
    g.save(
        file,
        takes=("image", False, ["n", 3, side, side]),
        gives={"embedding": ["n", architecture["embed_dim"]]},
    )


def _stem(g: Graph, x: str) -> str:
    for number in (1, 2, 3):
        x = _conv(
            g, x, f"visual.conv{number}", f"visual.bn{number}", stride=2 if number == 1 else 1
        )
        x = g.add("Relu", x)
    return _halved(g, x)


def _bottleneck(g: Graph, x: str, at: str, *, first: bool, halved: bool) -> str:
    out = g.add("Relu", _conv(g, x, f"{at}.conv1", f"{at}.bn1", kernel=1))
    out = g.add("Relu", _conv(g, out, f"{at}.conv2", f"{at}.bn2"))
    out = _conv(g, _halved(g, out) if halved else out, f"{at}.conv3", f"{at}.bn3", kernel=1)
    if first:
        x = _halved(g, x) if halved else x
        x = _conv(g, x, f"{at}.downsample.0", f"{at}.downsample.1", kernel=1)
    return g.add("Relu", g.add("Add", out, x))


def _conv(g: Graph, x: str, conv: str, norm: str, *, kernel: int = 3, stride: int = 1) -> str:
    """A convolution without bias and its batch norm, which onnxruntime folds into one."""
    x = g.add(
        "Conv",
        x,
        g.weight(f"{conv}.weight"),
        kernel_shape=[kernel, kernel],
        pads=[kernel // 2] * 4,
        strides=[stride, stride],
    )
    stored = ("weight", "bias", "running_mean", "running_var")
    return g.add("BatchNormalization", x, *[g.weight(f"{norm}.{s}") for s in stored], epsilon=1e-5)


def _halved(g: Graph, x: str) -> str:
    return g.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])


def _attention_pool(g: Graph, x: str, *, width: int, heads: int) -> str:
    """Attention of the mean pixel over all pixels; only its answer is used, so only it asks."""
    at = "visual.attnpool"
    pixels = g.add("Reshape", x, g.constant([0, width, -1], whole=True))
    pixels = g.add("Transpose", pixels, perm=[0, 2, 1])
    mean = g.add("ReduceMean", pixels, g.constant([1], whole=True), keepdims=1)
    tokens = g.add("Concat", mean, pixels, axis=1)
    tokens = g.add("Add", tokens, g.weight(f"{at}.positional_embedding"))
    first = g.add("Gather", tokens, g.constant([0], whole=True), axis=1)
    asked, keys, values = (
        _linear(g, source, f"{at}.{part}.weight", f"{at}.{part}.bias")
        for source, part in ((first, "q_proj"), (tokens, "k_proj"), (tokens, "v_proj"))
    )
    mixed = _attention(g, asked, keys, values, width=width, heads=heads)
    pooled = g.add("Squeeze", mixed, g.constant([1], whole=True))
    return _linear(g, pooled, f"{at}.c_proj.weight", f"{at}.c_proj.bias")


def _linear(g: Graph, x: str, weight: str, bias: str) -> str:
    turned = g.add("Transpose", g.weight(weight), perm=[1, 0])
    return g.add("Add", g.add("MatMul", x, turned), g.weight(bias))


def _attention(
    g: Graph, asked: str, keys: str, values: str, *, width: int, heads: int, mask: str = ""
) -> str:
    """Multi-head attention without its projections; all n x tokens x width."""
    each = width // heads
    split = g.constant([0, 0, heads, each], whole=True)
    by_head = [
        g.add("Transpose", g.add("Reshape", part, split), perm=perm)
        for part, perm in ((asked, [0, 2, 1, 3]), (keys, [0, 2, 3, 1]), (values, [0, 2, 1, 3]))
    ]
    scores = g.add("Mul", g.add("MatMul", *by_head[:2]), g.constant(each**-0.5))
    if mask:
        scores = g.add("Add", scores, mask)
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), by_head[2])
    mixed = g.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return g.add("Reshape", mixed, g.constant([0, 0, width], whole=True))


def write_text_tower(file: Path, weights: Path, architecture: Mapping[str, Any]) -> None:
    """open_clip's text transformer, pooled at the end token.

    "tokens" n x context to "embedding" n x dimensions and "scale", by which CLIP multiplies
    cosines.
    """
    text = architecture["text_cfg"]
    length, width = text["context_length"], text["width"]
    g = Graph(weights)
    x = g.add("Gather", g.weight("token_embedding.weight"), "tokens", axis=0)
    x = g.add("Add", x, g.weight("positional_embedding"))
    mask = g.constant(np.triu(np.full((length, length), -np.inf), 1).tolist())
    for layer in range(text["layers"]):
        x = _block(
            g, x, f"transformer.resblocks.{layer}", width=width, heads=text["heads"], mask=mask
        )
    x = _layer_norm(g, x, "ln_final")
    ends = g.add("Equal", "tokens", g.constant([text["eos_id"]], whole=True))
    end = g.add("ArgMax", g.add("Cast", ends, to=6), axis=1, keepdims=1)
    pooled = g.add("GatherND", x, end, batch_dims=1)
    projected = g.add("MatMul", pooled, g.weight("text_projection"))
    g.add("LpNormalization", projected, output="embedding", axis=-1, p=2)
    g.add("Exp", g.weight("logit_scale"), output="scale")
    g.save(
        file,
        takes=("tokens", True, ["n", length]),
        gives={"embedding": ["n", architecture["embed_dim"]], "scale": []},
    )


def _block(g: Graph, x: str, at: str, *, width: int, heads: int, mask: str) -> str:
    """Attention and a perceptron, each on what a layer norm makes of its input."""
    joint = _linear(
        g, _layer_norm(g, x, f"{at}.ln_1"), f"{at}.attn.in_proj_weight", f"{at}.attn.in_proj_bias"
    )
    parts = [
        g.add("Slice", joint, *(g.constant([n], whole=True) for n in (start, start + width, 2)))
        for start in (0, width, 2 * width)
    ]
    asked, keys, values = parts
    mixed = _attention(g, asked, keys, values, width=width, heads=heads, mask=mask)
    out = _linear(g, mixed, f"{at}.attn.out_proj.weight", f"{at}.attn.out_proj.bias")
    x = g.add("Add", x, out)
    hidden = _layer_norm(g, x, f"{at}.ln_2")
    hidden = _linear(g, hidden, f"{at}.mlp.c_fc.weight", f"{at}.mlp.c_fc.bias")
    hidden = g.add("Gelu", hidden)
    return g.add("Add", x, _linear(g, hidden, f"{at}.mlp.c_proj.weight", f"{at}.mlp.c_proj.bias"))


def _layer_norm(g: Graph, x: str, at: str) -> str:
    return g.add(
        "LayerNormalization", x, g.weight(f"{at}.weight"), g.weight(f"{at}.bias"), epsilon=1e-5
    )
