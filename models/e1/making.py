"""An E1 that has learnt nothing yet, from published checkpoints or from a configuration."""

from typing import TYPE_CHECKING, Any

from models.e1.autoencoders import Autoencoder
from models.e1.config import E1Config
from models.e1.encoders import Encoder, Sight
from models.e1.folder import TRANSFORMER, Bases, check_fits, load_transformer
from models.loading.networks import loading_errors
from models.runtime import Dtype
from models.weights import CheckpointError

if TYPE_CHECKING:
    from models.e1.networks import E1Network


def made_e1(
    config: E1Config,
    bases: Bases,
    encoders: tuple[Encoder, Sight | None, Autoencoder],
    *,
    seed: int,
    dtype: Dtype,
) -> "E1Network":
    """Connectors with random weights before a transformer, in host memory.

    Args:
        config: How it is put together.
        bases: What it is made from.
        encoders: Reader, sight and autoencoder, of which the widths follow.
        seed: Of the random weights.
        dtype: Of the transformer that is read from a checkpoint; all else is in float32.

    Raises:
        CheckpointError: Parts do not fit each other.
    """
    import torch

    from models.e1.networks import E1Network

    reader, sight, autoencoder = encoders
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = _transformer(config, bases, autoencoder.channels, dtype)
        out = transformer.config.joint_attention_dim
        connectors = {"reader": _mlp(reader.width, out)}
        if sight is not None:
            connectors["sight"] = _sight_connector(config, sight, out)
    network = E1Network(transformer, connectors, _pooled(transformer, bases))
    check_fits("the recipe", network, reader, sight, autoencoder)
    return network


def _transformer(config: E1Config, bases: Bases, channels: int, dtype: Dtype) -> Any:  # noqa: ANN401 - of diffusers
    if bases.painter is not None:
        return load_transformer(bases.painter.path / TRANSFORMER, dtype)
    if not config.transformer:
        msg = "name a painter: a pipeline of FLUX.1 or FLUX.2, or a size that makes its own"
        raise CheckpointError(msg)
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(**config.transformer, in_channels=channels)


def _mlp(width: int, out: int) -> Any:  # noqa: ANN401 - of diffusers
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    return ReduxImageEncoder(redux_dim=width, txt_in_features=out)


def _sight_connector(config: E1Config, sight: Sight, out: int) -> Any:  # noqa: ANN401 - a network
    from models.e1.networks import Squeezed

    if config.sight == "squeezed":
        return Squeezed(width=sight.width, out=out, grid=sight.grid)
    return _mlp(sight.width, out)


def _pooled(transformer: Any, bases: Bases) -> Any | None:  # noqa: ANN401 - of torch
    """FLUX.1's second input by words: CLIP's of the empty text; nothing where there is no CLIP."""
    import torch

    if (width := getattr(transformer.config, "pooled_projection_dim", None)) is None:
        return None
    if bases.painter is None:
        return torch.zeros(1, width)
    from transformers import CLIPTextModel, CLIPTokenizer

    with loading_errors(f"the CLIP of {bases.painter.source}"), torch.inference_mode():
        folder = bases.painter.path
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        clip = CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True, dtype=torch.float32
        )
        words = tokenizer("", padding="max_length", max_length=77, return_tensors="pt")
        pooled = clip(words["input_ids"]).pooler_output
    return pooled.clone()
