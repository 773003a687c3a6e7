"""YOLO-World (Cheng et al., 2024) through ultralytics: the paper's detector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.batches import in_batches
from models.detect.candidates import Candidates
from models.detect.letterbox import Letterbox
from models.detect.open_vocabulary import NounSearch, OpenVocabularyDetector
from models.detect.yolo_loading import YoloWorldSpec
from models.faults import Fault
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloWorld(OpenVocabularyDetector):
    """Boxes by YOLO-World; each noun is embedded once, each image looked at with its own nouns."""

    clip: Weights
    """CLIP ViT-B/32 of OpenAI in open_clip's hub layout: what YOLO-World was trained with."""
    file: str = ""
    """The checkpoint in a folder that holds several: "yolov8x-worldv2.pt"."""
    image_px: int = 640
    """Longer side of what the network sees, a multiple of 32: 640 in training."""
    least_score: float = 0.005
    """The paper's: near everything is kept here, and judged by its mask and its crop."""

    name = "yolo_world"
    version = "1"

    @property
    def spec(self) -> YoloWorldSpec:
        """Both networks."""
        return YoloWorldSpec(
            weights=self.weights,
            clip=self.clip,
            file=self.file,
            runtime=self.runtime,
            batch_px=self.batch_size * self.image_px**2,
        )

    def look(self, looks: Sequence[NounSearch]) -> Sequence[Candidates | Fault]:
        """All boxes of each image."""
        seen = [(Letterbox.around(look.image, self.image_px), look.nouns) for look in looks]
        return in_batches(
            seen, self._candidates, size=self.batch_size, alike=lambda one: one[0].pixels.shape
        )

    def _candidates(self, seen: Sequence[tuple[Letterbox, tuple[str, ...]]]) -> list[Candidates]:
        import torch

        pixels = np.stack([view.pixels for view, _ in seen]).transpose(0, 3, 1, 2)
        views = torch.from_numpy(np.ascontiguousarray(pixels))
        with self.host.use(self.spec) as network:
            boxes, scores = network(views, [nouns for _, nouns in seen])
        return [
            Candidates(
                boxes=view.to_native(own.numpy()), scores=own_scores.numpy()[:, : len(nouns)]
            )
            for (view, nouns), own, own_scores in zip(seen, boxes, scores, strict=True)
        ]
