"""Whether a CLIP's tensors fit its configuration, and in one line where they do not."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from models.loading.tensors import counted
from models.weights import CheckpointError

IMAGE_POSITIONS = "visual.positional_embedding"
_TEXT_POSITIONS = ("positional_embedding", "text.positional_embedding")

_KINDS = {"missing": "Missing key", "not expected": "Unexpected key"}
_OTHER_SHAPE = re.compile(r"size mismatch for (\S+): .*?(\([\d, ]*\)|\[[\d, ]*\]).*?(\[[\d, ]*\])")


def check_positions(file: Path, config: Mapping[str, Any]) -> None:
    """See that a model has as many positions as its configuration says.

    open_clip stretches position embeddings that do not fit, and says nothing: weights for 224 px
    beside a configuration for 336 would load.

    Args:
        file: The weights.
        config: open_clip's `model_cfg`.

    Raises:
        CheckpointError: They differ, or the file cannot be read.
    """
    shapes = stored_shapes(file)
    for name, positions in expected_positions(config).items():
        if name in shapes and shapes[name][0] != positions:
            msg = (
                f"{file}: {name} has {shapes[name][0]} positions where the configuration asks for "
                f"{positions}: the two are of different models; download both again"
            )
            raise CheckpointError(msg)


def expected_positions(config: Mapping[str, Any]) -> dict[str, int]:
    """Positions of both towers, by the names that their embeddings may have.

    Args:
        config: open_clip's `model_cfg`.
    """
    text, vision = config["text_cfg"], config["vision_cfg"]
    # CoCa's text tower puts a token of its own at the end.
    words = int(text.get("context_length", 77)) + bool(text.get("embed_cls"))
    expected = dict.fromkeys(_TEXT_POSITIONS, words)
    side, patch_px = vision.get("image_size", 224), vision.get("patch_size", 16)
    # Only open_clip's own vision transformers: timm's models lay their tensors out differently.
    if isinstance(vision.get("layers", 12), int) and not vision.get("timm_model_name"):
        height, width = (side, side) if isinstance(side, int) else side
        expected[IMAGE_POSITIONS] = (height // patch_px) * (width // patch_px) + 1
    return expected


def stored_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a checkpoint's tensors, by name; no tensor is read.

    Raises:
        CheckpointError: The file is damaged, or holds something else.
    """
    try:
        return _safetensors_shapes(file) if file.suffix == ".safetensors" else _torch_shapes(file)
    except Exception as error:  # safetensors and pickle raise classes of their own, and many
        msg = f"{file}: damaged, or no checkpoint ({type(error).__name__}); download it again"
        raise CheckpointError(msg) from error


def explain_misfit(error: Exception) -> str:
    """What torch says of tensors that do not fit, in one line: the first few of each kind."""
    text = str(error)
    found = {kind: _names(text, title) for kind, title in _KINDS.items()}
    found["of another shape"] = [
        f"{name} ({was} for {wanted})" for name, was, wanted in _OTHER_SHAPE.findall(text)
    ]
    parts = [counted(names, kind) for kind, names in found.items() if names]
    said = "; ".join(parts) or text.strip().partition("\n")[0]
    return f"{said}; download it again, or correct the configuration"


def _names(text: str, title: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip().startswith(title)]
    return [name for line in lines for name in re.findall(r'"([^"]+)"', line)]


def _safetensors_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as opened:
        return {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118 - no mapping


def _torch_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    import torch

    # Files from before PyTorch 1.6 are no archives, and cannot be mapped.
    mapped = is_zipfile(file)
    stored = torch.load(file, map_location="meta", weights_only=True, mmap=mapped)
    return dict(_tensor_shapes(stored.get("state_dict", stored)))


def _tensor_shapes(stored: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, tensor in stored.items():
        yield name, tuple(tensor.shape)
