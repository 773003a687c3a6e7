"""The loss by which a judge learns its answers: of what it says, and of nothing that it is told."""

from dataclasses import dataclass
from typing import Any

from models.judge.vlm.examples import IGNORED, Batch
from models.training.loop import Trainer


@dataclass(slots=True, kw_only=True)
class AnswerTrainer(Trainer[Batch]):
    """A Qwen-VL in training; what is counted is the token of an answer."""

    def count(self, batch: Batch) -> int:
        """Tokens of the answers."""
        return int((batch.answers != IGNORED).sum())

    def loss(self, batch: Batch) -> Any:  # noqa: ANN401 - a tensor
        """The sum over the answers' tokens of the negative logarithm of their odds."""
        import torch

        inputs = {name: tensor.to(self.device) for name, tensor in batch.inputs.items()}
        answers = batch.answers.to(self.device)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.lower):
            # One place more than the answer has: each token follows from the place before it.
            kept = self.model(**inputs, logits_to_keep=answers.shape[1] + 1, use_cache=False).logits
        return torch.nn.functional.cross_entropy(
            kept[:, :-1].flatten(0, 1).float(),
            answers.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )
