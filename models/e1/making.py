"""The parts of an E1 that are trained, before they have learnt anything, and which they are."""

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from models.e1.config import E1Config
from models.e1.folder import (
    TRANSFORMER,
    Bases,
    Shapes,
    check_fits,
    load_connector,
    load_transformer,
    painter_class,
)
from models.e1.studio_words import WIDTH
from models.loading.networks import loading_errors
from models.runtime import Dtype
from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    from models.e1.networks import E1Network

Way = Literal["image_branch", "lora", "all"]

IMAGE_BRANCH = (
    r"(single_)?transformer_blocks\.\d+\."
    r"(attn\.(to_[qkv]|to_qkv_mlp_proj|to_out\.0|norm_[qk])|norm1?\.linear)"
    r"|double_stream_modulation_img\.linear|single_stream_modulation\.linear"
)
"""Attention and modulation of FLUX's image branch (docs/paper.md, "ImgEdit-E1"). FLUX.2 has its
modulation outside the blocks, and in single blocks attention and MLP in one matrix."""
_ADAPTED = IMAGE_BRANCH.replace("|norm_[qk]", "")


def made_network(
    config: E1Config, bases: Bases, shapes: Shapes, *, seed: int, dtype: Dtype
) -> "E1Network":
    """The painter with a reader's connector of random weights, in host memory.

    Args:
        config: How it is put together.
        bases: What it is made from.
        shapes: Of what is frozen.
        seed: Of the random weights.
        dtype: Of a transformer that is read from a checkpoint; all else is in float32.

    Raises:
        CheckpointError: Parts do not fit each other.
    """
    import torch

    from models.e1.networks import E1Network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = _transformer(config, bases, shapes.channels, dtype)
        out = transformer.config.joint_attention_dim
        reader = _words(out) if shapes.reader == WIDTH else _mlp(shapes.reader, out)
    network = E1Network(transformer, {"reader": reader}, _pooled(transformer, bases))
    check_fits("the recipe", network, shapes)
    return network


def add_sight(
    network: "E1Network", config: E1Config, shapes: Shapes, redux: Weights | None, *, seed: int
) -> None:
    """Give a painter the connector of its sight.

    Args:
        network: Without one.
        config: Says of which kind it is.
        shapes: Of what is frozen.
        redux: FLUX.1 Redux, from whose connector it begins; from random weights without.
        seed: Of these.

    Raises:
        CheckpointError: Redux's connector does not fit.
    """
    import torch

    if config.sight == "none":
        return
    out = network.transformer.config.joint_attention_dim
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        if config.sight == "squeezed":
            from models.e1.networks import Squeezed

            made = Squeezed(width=shapes.sight, out=out, grid=shapes.grid)
        elif redux is not None:
            folder = redux.path / "image_embedder"
            made = load_connector("sight", "mlp", folder, "float32")
        else:
            made = _mlp(shapes.sight, out)
    network.connectors["sight"] = made
    check_fits("the recipe", network, shapes)


def choose_trained(network: "E1Network", way: Way | None, *, rank: int, seed: int) -> None:
    """Say which weights are trained, and put these into float32; the others are frozen.

    Args:
        network: All of it.
        way: Of the painter, beside all connectors; None for the reader's connector alone.
        rank: Of adapters.
        seed: Of these.
    """
    import torch
    from diffusers.training_utils import cast_training_params

    network.requires_grad_(False)
    transformer = network.transformer
    if way == "lora":
        from peft import LoraConfig

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 2)
            adapters = LoraConfig(r=rank, lora_alpha=rank, target_modules=f"({_ADAPTED})")
            transformer.add_adapter(adapters)
    elif way is not None:
        for name, parameter in transformer.named_parameters():
            is_meant = way == "all" or re.fullmatch(rf"({IMAGE_BRANCH})\.\w+", name)
            parameter.requires_grad_(bool(is_meant))
    parts = network.connectors if way else network.connectors["reader"]
    parts.requires_grad_(True)
    cast_training_params(network)


def _transformer(config: E1Config, bases: Bases, channels: int, dtype: Dtype) -> Any:  # noqa: ANN401 - of diffusers
    if config.transformer:
        kind = str(config.transformer.get("_class_name", "FluxTransformer2DModel"))
        library, _, name = painter_class(kind).rpartition(".")
        arguments = {key: said for key, said in config.transformer.items() if key != "_class_name"}
        return getattr(import_module(library), name)(**arguments, in_channels=channels)
    if bases.painter is None:
        msg = "name a painter: a pipeline of FLUX.1 or FLUX.2, or a size that makes its own"
        raise CheckpointError(msg)
    return load_transformer(bases.painter.path / TRANSFORMER, dtype)


def _words(out: int) -> Any:  # noqa: ANN401 - a network
    from models.e1.studio_painter import WordTower

    return WordTower(out=out)


def _mlp(width: int, out: int) -> Any:  # noqa: ANN401 - of diffusers
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    return ReduxImageEncoder(redux_dim=width, txt_in_features=out)


def _pooled(transformer: Any, bases: Bases) -> Any | None:  # noqa: ANN401 - of torch
    """FLUX.1's second input by words: CLIP's of the empty text. FLUX.2 has none."""
    import torch

    if (width := transformer.config.get("pooled_projection_dim")) is None:
        return None
    if bases.painter is None:
        return torch.zeros(1, width)
    from transformers import CLIPTextModel, CLIPTokenizer

    with loading_errors(f"the CLIP of {bases.painter.source}"), torch.no_grad():
        folder = bases.painter.path
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        clip = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True, dtype=torch.float32
        )
        words = tokenizer("", padding="max_length", max_length=77, return_tensors="pt")
        pooled = clip(words["input_ids"]).pooler_output
    return pooled
