"""OWLv2 (Minderer et al., 2023) through transformers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.batches import in_batches
from models.detect.candidates import Candidates, corners
from models.detect.open_vocabulary import Look, OpenVocabularyDetector
from models.detect.transformers_loading import (
    TransformersSpec,
    computing,
    processor_of,
    tokenised,
)
from models.faults import Fault

if TYPE_CHECKING:
    import torch

_PROCESSOR = "Owlv2Processor"
_WORKING_BYTES = 1_000_000_000
"""Activations of one image, as an upper bound: with plain attention the 5,184 patches of ViT-L/14
at 1008 px attend to each other in 16 heads, 430 M weights of two bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owlv2(OpenVocabularyDetector):
    """Boxes by OWLv2, each noun in a phrase as in the text that it learned from."""

    phrase: str = "a photo of a {}"
    """The noun's setting."""
    least_score: float = 0.1
    """The authors' threshold."""

    name = "owlv2"
    version = "1"

    @property
    def spec(self) -> TransformersSpec:
        """The network."""
        return TransformersSpec(
            class_name="Owlv2ForObjectDetection",
            kinds=("owlv2",),
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=self.batch_size * _WORKING_BYTES,
        )

    def settings(self) -> Mapping[str, object]:
        """The phrase."""
        return {"phrase": self.phrase}

    def look(self, looks: Sequence[Look]) -> Sequence[Candidates | Fault]:
        """All boxes of each image."""
        processor = processor_of(self.weights, _PROCESSOR)
        asked = [
            (look, self._pixels(look, processor), self._tokens(look, processor)) for look in looks
        ]
        return in_batches(asked, self._candidates, size=self.batch_size)

    @staticmethod
    def _pixels(look: Look, processor: Any) -> "torch.Tensor":  # noqa: ANN401 - transformers'
        images = processor.image_processor(
            look.image, input_data_format="channels_last", return_tensors="pt"
        )
        pixels: torch.Tensor = images["pixel_values"][0]
        return pixels

    def _tokens(self, look: Look, processor: Any) -> "torch.Tensor":  # noqa: ANN401 - transformers'
        phrases = [self.phrase.format(noun) for noun in look.nouns]
        config = processor_of(self.weights, "AutoConfig").text_config
        encoded = tokenised(processor.tokenizer, phrases, config.max_position_embeddings)
        tokens: torch.Tensor = encoded["input_ids"]
        return tokens

    def _candidates(
        self, asked: Sequence[tuple[Look, "torch.Tensor", "torch.Tensor"]]
    ) -> list[Candidates]:
        import torch

        longest = max(len(tokens) for _, _, tokens in asked)
        # The network leaves out queries that start with a zero.
        filled = [torch.nn.functional.pad(t, (0, 0, 0, longest - len(t))) for _, _, t in asked]
        pixels = torch.stack([pixels for _, pixels, _ in asked])
        with self.host.use(self.spec) as network, computing(network.device, self.runtime):
            answer = network(
                input_ids=torch.cat(filled).to(network.device),
                pixel_values=pixels.to(network.device),
            )
            scores = answer.logits.float().sigmoid().cpu().numpy()
            boxes = answer.pred_boxes.float().cpu().numpy()
        # The processor pads to a square, at the right and at the bottom.
        return [
            Candidates(boxes=corners(own) * max(look.size), scores=own_scores[:, : len(look.nouns)])
            for (look, _, _), own, own_scores in zip(asked, boxes, scores, strict=True)
        ]
