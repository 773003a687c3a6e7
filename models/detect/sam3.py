"""SAM 3 (Meta, 2025) asked by concept, through transformers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.batches import in_batches
from models.detect.candidates import Candidates
from models.detect.open_vocabulary import NounSearch, OpenVocabularyDetector
from models.faults import Fault
from models.loading.transformers_spec import (
    TransformersSpec,
    computing,
    processor_of,
    tokenised,
)

if TYPE_CHECKING:
    import torch

_PROCESSOR = "Sam3Processor"
_TEXT_TOKENS = 32
"""The length of text that its processor makes."""
_BYTES_PER_IMAGE = 1_200_000_000
_BYTES_PER_NOUN = 400_000_000
"""Activations, as upper bounds: the encoder's 5,184 patches, which in four layers attend to each
other; for each noun the pixel decoder's 256 channels of 288 x 288, coming in and going out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sam3(OpenVocabularyDetector):
    """Boxes by SAM 3: every image is encoded once and then asked for each noun by itself.

    A box's score is that of its query times that of the noun being in the image at all.
    """

    least_score: float = 0.3
    """The library's threshold."""
    batch_size: int = 4
    nouns_at_once: int = 8
    """Nouns of one image that are looked for side by side."""

    name = "sam3"
    version = "1"

    @property
    def spec(self) -> TransformersSpec:
        """The network."""
        images, nouns = self.batch_size * _BYTES_PER_IMAGE, self.nouns_at_once * _BYTES_PER_NOUN
        return TransformersSpec(
            class_name="Sam3Model",
            # Published as the video model, which holds the image model.
            kinds=("sam3", "sam3_video"),
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=images + nouns,
        )

    def look(self, looks: Sequence[NounSearch]) -> Sequence[Candidates | Fault]:
        """All boxes of each image."""
        processor = processor_of(self.weights, _PROCESSOR)
        asked = [(look, _pixels(look, processor), _texts(look, processor)) for look in looks]
        return in_batches(asked, self._candidates, size=self.batch_size)

    def _candidates(
        self, asked: Sequence[tuple[NounSearch, "torch.Tensor", Mapping[str, "torch.Tensor"]]]
    ) -> list[Candidates]:
        import torch

        pixels = torch.stack([pixels for _, pixels, _ in asked])
        with self.host.use(self.spec) as network, computing(network.device, self.runtime):
            seen = network.get_vision_features(pixels.to(network.device))
            answers = [
                self._asked(network, _row(seen, index), texts)
                for index, (_, _, texts) in enumerate(asked)
            ]
        return [
            _all_nouns(
                boxes.numpy() * np.array([*look.size, *look.size], np.float32), scores.numpy()
            )
            for (look, _, _), (boxes, scores) in zip(asked, answers, strict=True)
        ]

    def _asked(
        self,
        network: Any,  # noqa: ANN401 - transformers'
        seen: Any,  # noqa: ANN401 - transformers'
        texts: Mapping[str, "torch.Tensor"],
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Relative boxes, nouns x queries x 4, and scores, nouns x queries."""
        import torch

        boxes, scores = [], []
        for start in range(0, len(texts["input_ids"]), self.nouns_at_once):
            some = {
                key: value[start : start + self.nouns_at_once].to(network.device)
                for key, value in texts.items()
            }
            answer = network(vision_embeds=_repeated(seen, len(some["input_ids"])), **some)
            present = answer.presence_logits.float().sigmoid()
            boxes.append(answer.pred_boxes.float().cpu())
            scores.append((answer.pred_logits.float().sigmoid() * present).cpu())
        return torch.cat(boxes), torch.cat(scores)


def _pixels(look: NounSearch, processor: Any) -> "torch.Tensor":  # noqa: ANN401 - transformers'
    images = processor.image_processor(
        look.image, input_data_format="channels_last", return_tensors="pt"
    )
    pixels: torch.Tensor = images["pixel_values"][0]
    return pixels


def _texts(look: NounSearch, processor: Any) -> "Mapping[str, torch.Tensor]":  # noqa: ANN401 - transformers'
    encoded = tokenised(processor.tokenizer, look.nouns, _TEXT_TOKENS)
    return {key: encoded[key] for key in ("input_ids", "attention_mask")}


def _row(seen: Any, index: int) -> Any:  # noqa: ANN401 - transformers'
    """What was seen in one image of a batch."""
    return _each(seen, lambda tensor: tensor[index : index + 1])


def _repeated(seen: Any, count: int) -> Any:  # noqa: ANN401 - transformers'
    """The same image once for each noun, without a copy."""
    return _each(seen, lambda tensor: tensor.expand(count, *tensor.shape[1:]))


def _each(seen: Any, change: Any) -> Any:  # noqa: ANN401 - transformers'
    names = ("fpn_hidden_states", "fpn_position_encoding")
    return type(seen)(**{name: tuple(map(change, getattr(seen, name))) for name in names})


def _all_nouns(boxes: Any, scores: Any) -> Candidates:  # noqa: ANN401 - NumPy arrays
    """One list of the boxes of all nouns, each scored for the noun that it was asked for."""
    return Candidates.beside(
        [
            Candidates(boxes=own, scores=own_scores[:, None])
            for own, own_scores in zip(boxes, scores, strict=True)
        ]
    )
