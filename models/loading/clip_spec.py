"""CLIP checkpoints in the layout that open_clip publishes on the hub.

A folder holds `open_clip_config.json` (`model_cfg`, `preprocess_cfg`) and the weights; models whose
tokenizer is not CLIP's own bring its files too. Each of open_clip's pretrained tags has one:
`open_clip.get_pretrained_cfg(model, tag)["hf_hub"]` names its repository.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.loading.clip_tensors import (
    IMAGE_POSITIONS,
    check_positions,
    expected_positions,
    explain_misfit,
)
from models.runtime import Runtime, ready_module, torch_dtype
from models.weights import BYTES_OF, CheckpointError, Weights

if TYPE_CHECKING:
    import torch

CONFIG = "open_clip_config.json"

WEIGHT_FILES = (
    *("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors"),
    *("open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth"),
)
"""Names of the weights, in the order in which open_clip prefers them."""

_TOKENISING = threading.Lock()

_BATCH = 32
"""Images of which one batch is taken to be."""

_MODEL_PARTS = ("embed_dim", "vision_cfg", "text_cfg")
_REMEDY = "give a repository or folder in open_clip's layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A CLIP on its device. Both towers answer with vectors of unit length, in float32."""

    model: Any
    device: str
    dtype: "torch.dtype"
    logit_scale: float
    """What a cosine is multiplied by before the softmax: 100 in CLIP's own models."""

    def image_vectors(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of preprocessed images, n x 3 x height x width."""
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(pixels).to(self.device, self.dtype)
            return _unit_rows(self.model.encode_image(batch))

    def text_vectors(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of tokenised texts, n x context."""
        import torch

        with torch.inference_mode():
            return _unit_rows(self.model.encode_text(torch.from_numpy(tokens).to(self.device)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """Loads a CLIP; equal specs share one model."""

    weights: Weights
    runtime: Runtime

    @property
    def name(self) -> str:
        """The library and the checkpoint."""
        return f"open_clip {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and what a batch needs besides."""
        # The file alone: many repositories hold the same weights in a second format.
        file = Weights.at(weight_file(self.weights.path))
        config = read_config(self.weights.path)["model_cfg"]
        numbers = _BATCH * _numbers_at_once(config)
        return file.size_bytes(self.runtime.dtype) + numbers * BYTES_OF[self.runtime.dtype]

    def load(self, device: str) -> Clip:
        """Load it.

        Raises:
            CheckpointError: The checkpoint is incomplete, or is not of the configured architecture.
        """
        model, dtype = _loaded(self.weights.path), torch_dtype(self.runtime)
        # Before its logarithm is rounded: in bfloat16 a scale of 100 would become 98.9.
        scale = float(model.logit_scale.detach().exp())
        return Clip(
            # Its two towers are called by themselves.
            model=ready_module(model.to(dtype), self.runtime.resident(), device),
            device=device,
            dtype=dtype,
            logit_scale=scale,
        )


def read_config(folder: Path) -> Mapping[str, Any]:
    """The configuration of a checkpoint: `model_cfg` and `preprocess_cfg`.

    Raises:
        CheckpointError: It is missing, or no configuration of open_clip's.
    """
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text("utf-8"))
        lacking = [part for part in _MODEL_PARTS if part not in config["model_cfg"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder}: no readable {CONFIG} ({type(error).__name__}: {error}); {_REMEDY}"
        raise CheckpointError(msg) from error
    if lacking:
        msg = f"{folder}/{CONFIG}: model_cfg has no {', '.join(lacking)}; {_REMEDY}"
        raise CheckpointError(msg)
    return config


def vector_width(folder: Path) -> int:
    """Numbers in a vector, by the configuration."""
    return int(read_config(folder)["model_cfg"]["embed_dim"])


def weight_file(folder: Path) -> Path:
    """The file that holds the weights.

    Raises:
        CheckpointError: There is none.
    """
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return folder / name
    msg = f"{folder}: none of {', '.join(WEIGHT_FILES)} is there; download the repository again"
    raise CheckpointError(msg)


def tokenised(folder: Path, texts: Sequence[str]) -> NDArray[np.int64]:
    """Texts as the text tower takes them, n x context; what is too long is cut off."""
    tokenizer = _tokenizer(folder)
    # Tokenizers of the `tokenizers` library refuse two threads at once.
    with _TOKENISING:
        tokens: NDArray[np.int64] = tokenizer(list(texts)).numpy()
    return tokens


def _numbers_at_once(config: Mapping[str, Any]) -> int:
    """What one image takes at the widest place, the MLP, which holds its input and its output.

    0.48 GB for 32 images in ViT-H/14 at 378 px and bf16. Towers that are no ViT of open_clip's are
    taken for a ViT-L/16.
    """
    vision = config["vision_cfg"]
    side = vision.get("image_size", 224)
    tokens = expected_positions(config).get(IMAGE_POSITIONS, (int(np.max(side)) // 16) ** 2)
    return int(tokens * vision.get("width", 1024) * 2 * vision.get("mlp_ratio", 4.0))


def _loaded(folder: Path) -> Any:  # noqa: ANN401 - any of open_clip's networks
    """The network in float32, in host memory."""
    import open_clip

    config, file = read_config(folder), weight_file(folder)
    check_positions(file, config["model_cfg"])
    try:
        return open_clip.create_model(
            f"local-dir:{folder}", precision="fp32", require_pretrained=True
        )
    except (RuntimeError, ValueError, TypeError, KeyError, AssertionError, OSError) as error:
        msg = f"{folder}: {file.name} does not fit {CONFIG}: {explain_misfit(error)}"
        raise CheckpointError(msg) from error


@lru_cache(maxsize=16)
def _tokenizer(folder: Path) -> Any:  # noqa: ANN401 - any of open_clip's tokenizers
    import open_clip

    try:
        return open_clip.get_tokenizer(f"local-dir:{folder}")
    except (OSError, ValueError, TypeError) as error:
        msg = f"{folder}: its tokenizer cannot be loaded: {error}; download the repository again"
        raise CheckpointError(msg) from error


def _unit_rows(vectors: "torch.Tensor") -> NDArray[np.float32]:
    import torch

    units: NDArray[np.float32] = (
        torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
    )
    return units
