"""LAION's aesthetic predictor: a small head on the image embeddings of OpenAI's CLIP ViT-L/14."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.embed.open_clip import image_vectors
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import Host
from models.loading.clip_spec import ClipSpec, vector_width
from models.loading.clip_tensors import explain_misfit, stored_shapes
from models.recorded import Recorded
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LaionAestheticScorer(Recorded):
    """Scores as "improved aesthetic predictor" (Schuhmann, 2022) does: about 1 to 10."""

    weights: Weights
    """The CLIP, in open_clip's layout: OpenAI's ViT-L/14 for the published head."""
    head: Weights
    """The head: `sac+logos+ava1-l14-linearMSE.pth`, or a folder that holds it."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    batch_size: int = 64
    """Images in one pass."""

    name = "laion"
    version = "1"

    def setup(self) -> None:
        """Load both networks.

        Raises:
            CheckpointError: One of them is damaged, or the head is for another CLIP.
        """
        embedded, taken = vector_width(self.weights.path), head_width(self.head.path)
        if embedded != taken:
            msg = (
                f"the head {self.head.source} takes vectors of {taken} numbers and "
                f"{self.weights.source} gives {embedded}: bind the CLIP that it was trained on"
            )
            raise CheckpointError(msg)
        for spec in (self._clip, self._head):
            with self.host.use(spec):
                pass

    def score(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """One score for each image."""
        vectors = image_vectors(images, host=self.host, spec=self._clip, batch_size=self.batch_size)
        sound = [vector for vector in vectors if not isinstance(vector, Fault)]
        if not sound:
            return [vector for vector in vectors if isinstance(vector, Fault)]
        with self.host.use(self._head) as head:
            scores = iter(head.scores(np.stack(sound)))
        return [v if isinstance(v, Fault) else _sound(float(next(scores))) for v in vectors]

    @property
    def _clip(self) -> ClipSpec:
        return ClipSpec(weights=self.weights, runtime=self.runtime)

    @property
    def _head(self) -> HeadSpec:
        return HeadSpec(weights=self.head)


def _sound(score: float) -> float | Fault:
    if isfinite(score):
        return score
    return Fault(reason=Reason.BAD_REPLY, detail=f"the aesthetic head answers {score}")
