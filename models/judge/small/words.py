"""What the studio's CLIP says of a subject before and after: whether it is what the words say."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.embed.studio import StudioEmbedder
from models.judge.small.looks import Look
from models.judge.view import Plane
from models.studio.catalogue import names
from models.vocabulary import PaintKind


@dataclass(slots=True)
class Reader:
    """Compares crops with names; of photographs what it says means nothing."""

    embedder: StudioEmbedder = field(default_factory=StudioEmbedder)
    _catalogue: NDArray[np.float32] = field(init=False)
    _texts: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def setup(self) -> None:
        """Load the network, and read the catalogue's names once."""
        self.embedder.setup()
        self._catalogue = np.stack(self.embedder.embed_texts(names()))

    def read(self, looks: Sequence[Look]) -> list[dict[str, float]]:
        """Named measures of each look, -1 to 1."""
        crops = [
            _crop(lab, look) for look in looks for lab in (look.window.before, look.window.after)
        ]
        vectors = self.embedder.embed_images(crops)
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        return [
            self._measures(look, np.asarray(before), np.asarray(after))
            for look, (before, after) in zip(looks, pairs, strict=True)
        ]

    def _measures(
        self, look: Look, before: NDArray[np.float32], after: NDArray[np.float32]
    ) -> dict[str, float]:
        old = look.operation.name
        new = look.operation.target.key if look.kind is PaintKind.INSERT else old
        is_old, is_new = self._text(old), self._text(new)
        return {
            "says_old_before": float(before @ is_old),
            "says_old_after": float(after @ is_old),
            "says_new_after": float(after @ is_new),
            "nearer_names_old": self._nearer(after, is_old),
            "nearer_names_new": self._nearer(after, is_new),
            "nearer_names_before": self._nearer(before, is_old),
            "says_same": float(before @ after),
            "knows": float(old in names()) + float(new in names()),
        }

    def _nearer(self, crop: NDArray[np.float32], name: NDArray[np.float32]) -> float:
        """Share of the catalogue that the crop resembles more than that name."""
        return float((self._catalogue @ crop > crop @ name).mean())

    def _text(self, words: str) -> NDArray[np.float32]:
        if words not in self._texts:
            self._texts[words] = np.asarray(self.embedder.embed_texts([words])[0])
        return self._texts[words]


def _crop(lab: Plane, look: Look) -> NDArray[np.uint8]:
    """The subject alone on white, as the network was trained on."""
    part = np.ascontiguousarray(lab[look.tight.slices])
    rgb = np.clip(cv2.cvtColor(part, cv2.COLOR_LAB2RGB), 0, 1) * 255
    return np.asarray(np.rint(rgb), np.uint8)
