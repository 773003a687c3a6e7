"""The head of LAION's aesthetic predictor: five linear layers with dropout between."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.loading.clip_tensors import explain_misfit, stored_shapes
from models.runtime import Runtime, ready_module
from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    from torch import nn

HIDDEN = (1024, 128, 64, 16)
"""Widths between the layers (github.com/christophschuhmann/improved-aesthetic-predictor)."""

_DROPPED = (0.2, 0.2, 0.1)
_FIRST = "layers.0.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaionHead:
    """The head on its device."""

    model: Any
    device: str

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """One score for each vector of unit length, n x width."""
        import torch

        with torch.inference_mode():
            answers = self.model(torch.from_numpy(vectors).to(self.device))
            scores: NDArray[np.float32] = answers[:, 0].cpu().numpy()
        return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSpec:
    """Loads a head, in float32: it is small, and its scores are compared with a threshold."""

    weights: Weights

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"aesthetic head {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights; vectors add next to nothing."""
        return head_file(self.weights.path).stat().st_size

    def load(self, device: str) -> LaionHead:
        """Load it.

        Raises:
            CheckpointError: Tensors are missing, renamed or of another shape.
        """
        path = self.weights.path
        network = head_network(head_width(path))
        try:
            network.load_state_dict(_tensors(head_file(path)))
        except (RuntimeError, AttributeError, TypeError) as error:
            msg = f"{head_file(path)} is no head of LAION's: {explain_misfit(error)}"
            raise CheckpointError(msg) from error
        return LaionHead(
            model=ready_module(network, Runtime(dtype="float32"), device), device=device
        )


def head_network(width: int) -> "nn.Module":
    """The head for vectors of some width, untrained."""
    from torch import nn

    layers: list[nn.Module] = []
    widths = (width, *HIDDEN)
    for number, (taken, given) in enumerate(pairwise(widths)):
        layers.append(nn.Linear(taken, given))
        if number < len(_DROPPED):
            layers.append(nn.Dropout(_DROPPED[number]))
    layers.append(nn.Linear(HIDDEN[-1], 1))
    # Named so that the tensors are called as in the published file: layers.0.weight, ...
    return nn.Sequential(OrderedDict(layers=nn.Sequential(*layers)))


def head_width(path: Path) -> int:
    """Numbers in the vectors that a head takes, by its first layer.

    Raises:
        CheckpointError: It has no such layer, or is damaged.
    """
    file = head_file(path)
    shapes = stored_shapes(file)
    if len(shapes.get(_FIRST, ())) != 2:
        has = ", ".join(list(shapes)[:3]) or "nothing"
        msg = f"{file} is no head of LAION's: it has no {_FIRST} but {has}"
        raise CheckpointError(msg)
    return shapes[_FIRST][1]


def head_file(path: Path) -> Path:
    """The file of a head, given itself or the folder that holds it alone.

    Raises:
        CheckpointError: The folder holds none, or several.
    """
    if path.is_file():
        return path
    found = [f for f in sorted(path.glob("*")) if f.suffix in (".pth", ".pt", ".safetensors")]
    if len(found) != 1:
        msg = f"{path}: {len(found)} files that may be an aesthetic head: name the one to use"
        raise CheckpointError(msg)
    return found[0]


def _tensors(file: Path) -> Mapping[str, Any]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        tensors: Mapping[str, Any] = load_file(file)
    else:
        import torch

        tensors = torch.load(file, map_location="cpu", weights_only=True)
    return tensors
