"""Grounding DINO (Liu et al., 2023) through transformers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.batches import in_batches
from models.detect.candidates import Candidates, corners
from models.detect.open_vocabulary import NounSearch, OpenVocabularyDetector
from models.faults import Fault
from models.loading.transformers_spec import TransformersSpec, computing, processor_of

if TYPE_CHECKING:
    import torch

_PROCESSOR = "GroundingDinoProcessor"
_WORKING_BYTES = 2_000_000_000
"""One image of 800 x 1333 px in float32, as an upper bound: its 22,000 tokens of 256 numbers in
six layers, with feed-forward layers eight times as wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One image with as many nouns as one prompt holds."""

    pixels: "torch.Tensor"
    """3 x height x width, as the processor makes it."""
    size: tuple[int, int]
    """Native width and height."""
    tokens: tuple[int, ...]
    spans: tuple[slice, ...]
    """Where each noun stands among the tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundingDino(OpenVocabularyDetector):
    """Boxes by Grounding DINO. A noun's score is that of its best token.

    The nouns are given as "cat. red cup." More than the text's 256 tokens hold are asked in several
    rounds, each with the image anew.
    """

    least_score: float = 0.25
    """The authors' box threshold."""
    batch_size: int = 4

    name = "grounding_dino"
    version = "1"

    @property
    def spec(self) -> TransformersSpec:
        """The network."""
        return TransformersSpec(
            class_name="GroundingDinoForObjectDetection",
            kinds=("grounding-dino",),
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=self.batch_size * _WORKING_BYTES,
        )

    def look(self, looks: Sequence[NounSearch]) -> Sequence[Candidates | Fault]:
        """All boxes of each image, from one round or several."""
        rounds = [self._asked(look) for look in looks]
        asked = [one for own in rounds for one in own]
        # Padding to a common size would let one image's answer depend on the other's size.
        answers = iter(
            in_batches(
                asked,
                self._candidates,
                size=self.batch_size,
                alike=lambda one: tuple(one.pixels.shape),
            )
        )
        return [_joined([next(answers) for _ in own]) for own in rounds]

    def _asked(self, look: NounSearch) -> list[_Asked]:
        processor = processor_of(self.weights, _PROCESSOR)
        images = processor.image_processor(
            look.image, input_data_format="channels_last", return_tensors="pt"
        )
        return [
            _Asked(pixels=images["pixel_values"][0], size=look.size, tokens=tokens, spans=spans)
            for tokens, spans in prompts(look.nouns, processor.tokenizer, self._most_tokens())
        ]

    def _most_tokens(self) -> int:
        return int(processor_of(self.weights, "AutoConfig").max_text_len)

    def _candidates(self, asked: Sequence[_Asked]) -> list[Candidates]:
        import torch

        pixels = torch.stack([one.pixels for one in asked])
        length = max(len(one.tokens) for one in asked)
        tokens = torch.zeros((len(asked), length), dtype=torch.long)
        for row, one in zip(tokens, asked, strict=True):
            row[: len(one.tokens)] = torch.tensor(one.tokens)
        mask = torch.arange(length) < torch.tensor([[len(one.tokens)] for one in asked])
        with self.host.use(self.spec) as network, computing(network.device, self.runtime):
            inputs = (pixels, tokens, torch.zeros_like(tokens), mask.long())
            answer = network(*(tensor.to(network.device) for tensor in inputs))
            scores = answer.logits.float().sigmoid().cpu().numpy()
            boxes = answer.pred_boxes.float().cpu().numpy()
        return [
            Candidates(
                boxes=corners(own) * np.array([*one.size, *one.size], np.float32),
                scores=np.stack([own_scores[:, span].max(axis=1) for span in one.spans], axis=1),
            )
            for one, own, own_scores in zip(asked, boxes, scores, strict=True)
        ]


def prompts(
    nouns: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers'
    most_tokens: int,
) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Prompts that hold all nouns in their order, each no longer than the network reads.

    Returns:
        Tokens of each prompt, "[CLS] noun . noun . [SEP]", and where its nouns stand.
    """
    start, end, stop = tokenizer.convert_tokens_to_ids(["[CLS]", "[SEP]", "."])
    made: list[tuple[tuple[int, ...], tuple[slice, ...]]] = []
    tokens, spans = [start], list[slice]()
    for noun in nouns:
        # Dots and question marks part nouns for the network, so none may hold one.
        words = tokenizer(re.sub(r"[.?]", " ", noun.lower()), add_special_tokens=False)["input_ids"]
        words = (words or [tokenizer.unk_token_id])[: most_tokens - 3]
        if len(tokens) + len(words) + 2 > most_tokens:
            made.append(((*tokens, end), tuple(spans)))
            tokens, spans = [start], []
        spans.append(slice(len(tokens), len(tokens) + len(words)))
        tokens += [*words, stop]
    return [*made, ((*tokens, end), tuple(spans))]


def _joined(parts: Sequence[Candidates | Fault]) -> Candidates | Fault:
    for part in parts:
        if isinstance(part, Fault):
            return part
    return Candidates.beside([part for part in parts if isinstance(part, Candidates)])
