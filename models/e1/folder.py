"""An E1 as a folder, the way diffusers has pipelines: a configuration, and a folder for each part.

What was not trained is not copied, unless the folder is to stand alone: the configuration names it,
with a fingerprint, and says so where it is no longer there.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.e1.autoencoders import Autoencoder, autoencoder_of
from models.e1.config import E1Config
from models.e1.encoders import Encoder, Sight, reader_of, sight_of
from models.loading.networks import Network, loading_errors
from models.recorded import recorded
from models.runtime import Dtype, Runtime
from models.weights import CheckpointError, Weights, base_at, base_said, kind_of

if TYPE_CHECKING:
    from models.e1.networks import E1Network

CONFIG, RECIPE, CARD = "config.json", "recipe.json", "README.md"
TRANSFORMER, LORA, POOLED = "transformer", "lora", "pooled.safetensors"
LORA_WEIGHTS = "pytorch_lora_weights.safetensors"
CLASS = "ImgEditE1"
CONNECTORS: Mapping[str, str] = {
    # Redux's own: two layers with SiLU, the inner one three times as wide as what comes out.
    "mlp": "diffusers.pipelines.flux.modeling_flux.ReduxImageEncoder",
    "squeezed": "models.e1.networks.Squeezed",
    "words": "models.e1.studio_painter.WordTower",
}
"""By the kind that a folder names: the class, which takes tokens of an encoder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """Published checkpoints that an E1 is made from."""

    reader: Weights
    sight: Weights | None = None
    painter: Weights | None = None
    """A pipeline of FLUX.1 or FLUX.2; None where the transformer begins with random weights."""

    def named(self) -> dict[str, Weights]:
        """Those that there are, by name."""
        found = {name: getattr(self, name) for name in ("reader", "sight", "painter")}
        return {name: weights for name, weights in found.items() if weights is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class E1Parts:
    """What is frozen of an editor."""

    reader: Encoder
    sight: Sight | None
    autoencoder: Autoencoder
    device: str

    @classmethod
    def load(cls, config: E1Config, bases: Bases, device: str, dtype: Dtype) -> "E1Parts":
        """Read them from what they are published in.

        Raises:
            CheckpointError: One is missing, broken or of another kind.
        """
        sight = None
        if config.sight != "none" and bases.sight is not None:
            sight = sight_of(bases.sight, device, dtype)
        painter = bases.painter.path if bases.painter else None
        return cls(
            reader=reader_of(bases.reader, config, device, dtype),
            sight=sight,
            autoencoder=autoencoder_of(config, painter, device),
            device=device,
        )

    @property
    def shapes(self) -> "Shapes":
        """What the parts that are trained must fit."""
        return Shapes(
            reader=self.reader.width,
            sight=self.sight.width if self.sight else 0,
            grid=self.sight.grid if self.sight else 0,
            channels=self.autoencoder.channels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Numbers of a token of each encoder; 0 where there is none."""

    reader: int
    sight: int
    grid: int
    """Tokens of the sight along a side of an image."""
    channels: int
    """Numbers of an image's token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class E1:
    """An editor, all of it on a device."""

    config: E1Config
    parts: E1Parts
    network: "E1Network"


def load_e1(folder: Path, device: str, dtype: Dtype) -> E1:
    """An editor from its folder.

    Raises:
        CheckpointError: A part is missing, broken, or does not fit another.
    """
    said = config_said(folder)
    config = E1Config.of(said["config"])
    parts = E1Parts.load(config, bases_of(folder, said), device, dtype)
    network = load_network(folder, said, dtype)
    check_fits(folder.name, network, parts.shapes)
    ready = network.eval().requires_grad_(False).to(device)
    return E1(config=config, parts=parts, network=ready)


def config_said(folder: Path) -> Mapping[str, Any]:
    """What a folder says of itself.

    Raises:
        CheckpointError: It is no E1.
    """
    file = folder / CONFIG
    try:
        said: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
        if said["_class_name"] == CLASS:
            return said
        why = f"it is a {said['_class_name']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
    msg = f"{file} tells of no E1 ({why}): train the variant again, or name another folder"
    raise CheckpointError(msg)


def bases_of(folder: Path, said: Mapping[str, Any]) -> Bases:
    """The published checkpoints of an E1: beside it in its folder, or where they were in training.

    Raises:
        CheckpointError: One is not there any more, or is another.
    """
    found = {}
    for name, base in said["bases"].items():
        inside = folder / name
        found[name] = (
            Weights.at(inside)
            if inside.is_dir()
            else base_at(base, folder, whole="standalone = true")
        )
    return Bases(**found)


def load_network(folder: Path, said: Mapping[str, Any], dtype: Dtype) -> "E1Network":
    """Connectors and transformer, in host memory.

    Raises:
        CheckpointError: A part of it is missing or broken.
    """
    from safetensors.torch import load_file

    from models.e1.networks import E1Network

    connectors = {
        name: load_connector(name, kind, folder / f"{name}_connector", dtype)
        for name, kind in said["connectors"].items()
    }
    whole = folder / TRANSFORMER
    if not whole.is_dir():
        painter = bases_of(folder, said).painter
        if painter is None:
            msg = f"{folder} has no {TRANSFORMER}, and names none: train the variant again"
            raise CheckpointError(msg)
        whole = painter.path / TRANSFORMER
    transformer = load_transformer(whole, dtype)
    if (folder / LORA).is_dir():
        with loading_errors(f"the adapter {folder / LORA}"):
            transformer.load_lora_adapter(
                folder / LORA, prefix=None, weight_name=LORA_WEIGHTS, use_safetensors=True
            )
            transformer.fuse_lora()
            transformer.unload_lora()
    file = folder / POOLED
    pooled = load_file(file)["pooled"].to(transformer.dtype) if file.is_file() else None
    return E1Network(transformer, connectors, pooled)


def load_connector(name: str, kind: str, folder: Path, dtype: Dtype) -> Any:  # noqa: ANN401 - a network
    """A connector.

    Raises:
        CheckpointError: It is missing or broken, or of a kind that nobody knows.
    """
    if kind not in CONNECTORS:
        msg = f"{folder}: no kind of connector {kind!r} among {', '.join(CONNECTORS)}"
        raise CheckpointError(msg)
    network = Network(slot=f"{name} connector", class_name=CONNECTORS[kind], folder=folder)
    return network.load(Runtime(dtype=dtype))


def load_transformer(folder: Path, dtype: Dtype) -> Any:  # noqa: ANN401 - of diffusers
    """FLUX.1's or FLUX.2's transformer.

    Raises:
        CheckpointError: It is neither, or a part of it is missing.
    """
    from models.e1.networks import AXES

    kind = kind_of(Weights.at(folder), AXES, key="_class_name")
    network = Network(slot=TRANSFORMER, class_name=painter_class(kind), folder=folder)
    return network.load(Runtime(dtype=dtype))


def painter_class(kind: str) -> str:
    """A painter's class with its library."""
    return f"{'models.e1.studio_painter' if kind == 'StudioPainter' else 'diffusers'}.{kind}"


def check_fits(name: str, network: "E1Network", shapes: Shapes) -> None:
    """See whether parts fit each other.

    Raises:
        CheckpointError: A connector takes tokens of another width than its encoder gives, or the
            painter's tokens are none of the autoencoder's.
    """
    for slot, connector in network.connectors.items():
        config, given = connector.config, getattr(shapes, slot)
        if given != (taken := config.get("redux_dim") or config.get("width")):
            msg = (
                f"{name}: the {slot} gives tokens of {given} numbers, and its connector takes "
                f"{taken}: name the {slot} that it was trained with"
            )
            raise CheckpointError(msg)
    if network.channels != shapes.channels:
        msg = (
            f"{name}: the painter takes tokens of {network.channels} numbers, and the autoencoder "
            f"gives {shapes.channels}: name parts of one pipeline (no Fill, no ControlNet)"
        )
        raise CheckpointError(msg)


def write_config(
    folder: Path, config: E1Config, bases: Bases, network: "E1Network", *, stage: int, alone: bool
) -> None:
    """Write what `load_e1` reads first, and the published parts where the folder stands alone."""
    classes = {known.rpartition(".")[2]: kind for kind, known in CONNECTORS.items()}
    kinds = {name: classes[type(part).__name__] for name, part in network.connectors.items()}
    said = {
        "_class_name": CLASS,
        "stage": stage,
        "config": recorded(config),
        "connectors": kinds,
        "bases": {name: base_said(weights) for name, weights in bases.named().items()},
    }
    (folder / CONFIG).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", "utf-8")
    if alone:
        for name, weights in bases.named().items():
            has_own = name == "painter" and (folder / TRANSFORMER).is_dir()
            skipped = shutil.ignore_patterns(TRANSFORMER) if has_own else None
            shutil.copytree(weights.path, folder / name, ignore=skipped, dirs_exist_ok=True)


def write_network(folder: Path, network: "E1Network", *, transformer: bool) -> None:
    """Write the connectors, the pooled input, and the transformer if it was trained.

    Of one with adapters these alone are written.
    """
    from safetensors.torch import save_file

    for name, connector in network.connectors.items():
        connector.save_pretrained(folder / f"{name}_connector")
    if network.pooled is not None:
        save_file({"pooled": network.pooled.float().contiguous()}, folder / POOLED)
    if getattr(network.transformer, "peft_config", None):
        network.transformer.save_lora_adapter(folder / LORA, weight_name=LORA_WEIGHTS)
    elif transformer:
        network.transformer.save_pretrained(folder / TRANSFORMER)
