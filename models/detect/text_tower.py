"""The text half of a CLIP through open_clip, each text embedded once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    import torch

_MOST_TEXTS = 20_000
"""Remembered embeddings: 40 MB."""


class TextTower:
    """CLIP's texts, each embedded once."""

    def __init__(self, network: Any, tokenizer: Any, device: str) -> None:  # noqa: ANN401 - open_clip's
        self._network, self._tokenizer, self._device = network, tokenizer, device
        self._known: dict[str, torch.Tensor] = {}

    @classmethod
    def load(cls, weights: Weights, device: str) -> "TextTower":
        """Load a folder in open_clip's hub layout and keep what encodes texts.

        Raises:
            CheckpointError: It is missing, unreadable or lacks tensors.
        """
        import open_clip
        from safetensors import SafetensorError

        place = f"local-dir:{weights.path}"
        try:
            network = open_clip.create_model(place, precision="fp32", require_pretrained=True)
            tokenizer = open_clip.get_tokenizer(place)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            msg = f"{weights.source} is no open_clip checkpoint: {error}; download it again"
            raise CheckpointError(msg) from error
        network.visual = None
        return cls(network.eval().requires_grad_(False).to(device), tokenizer, device)

    @property
    def width(self) -> int:
        """Numbers of one embedding."""
        return int(self(["a"]).shape[-1])

    def __call__(self, texts: Sequence[str]) -> "torch.Tensor":
        """Embeddings of unit length, texts x width, float32."""
        import torch

        if len(self._known) > _MOST_TEXTS:
            self._known.clear()
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            with torch.inference_mode():
                tokens = self._tokenizer(new).to(self._device)
                vectors = self._network.encode_text(tokens, normalize=True)
            self._known |= dict(zip(new, vectors, strict=True))
        return torch.stack([self._known[text] for text in texts])
