"""One batch of answers: each kept to its form, and drawn from its own seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.chat.vlm_spec import LoadedVlm

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one answer of a batch is to be."""

    matcher: Any
    """Follows the answer along its grammar; llguidance's, used up by one answer."""
    seed: int
    temperature: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One answer."""

    tokens: tuple[int, ...]
    """Up to the token that ends it, without that."""
    is_sound: bool
    """Whether all the numbers that it was drawn from were finite."""


class Steering:
    """A logits processor of transformers for a whole batch."""

    def __init__(self, wishes: Sequence[Wish], device: str) -> None:
        import torch

        self._wishes = wishes
        self._draws = [
            torch.Generator(device).manual_seed(wish.seed) if wish.temperature else None
            for wish in wishes
        ]
        self._is_first = True
        self.sound = torch.ones(len(wishes), dtype=torch.bool, device=device)

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """The scores of the next token: the best of them is the one to take.

        Args:
            input_ids: Batch x tokens so far.
            scores: Batch x vocabulary, float32.
        """
        self._follow(input_ids)
        self.sound &= scores.isfinite().all(-1)
        drawn = self._drawn(scores.nan_to_num())
        return drawn.masked_fill(~self._allowed(scores), float("-inf"))

    def _follow(self, input_ids: "torch.Tensor") -> None:
        if not self._is_first:
            for wish, token in zip(self._wishes, input_ids[:, -1].tolist(), strict=True):
                if not wish.matcher.is_stopped():
                    wish.matcher.consume_token(token)
        self._is_first = False

    def _drawn(self, scores: "torch.Tensor") -> "torch.Tensor":
        """Scores whose maximum is a draw, for the rows that ask for one.

        By the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014): the maximum of x / T + noise is
        distributed as softmax(x / T). So every row has a seed of its own, whatever its batch.
        """
        import torch

        for row, (wish, draw) in enumerate(zip(self._wishes, self._draws, strict=True)):
            if draw is not None:
                noise = torch.empty_like(scores[row]).exponential_(generator=draw).log()
                scores[row] = scores[row] / wish.temperature - noise
        return scores

    def _allowed(self, scores: "torch.Tensor") -> "torch.Tensor":
        """Batch x vocabulary: whether a token can go on with a valid reply, or end one."""
        import torch
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask_par

        rows, columns = scores.shape
        bits = allocate_token_bitmask(rows, columns)
        matchers = [(wish.matcher, row) for row, wish in enumerate(self._wishes)]
        fill_next_token_bitmask_par(_threads(), matchers, bits)
        words = torch.from_numpy(bits).to(scores.device)
        places = torch.arange(32, dtype=torch.int32, device=scores.device)
        flags = (words[:, :, None] >> places) & 1
        return flags.flatten(1)[:, :columns].bool()


@cache
def _threads() -> Any:  # noqa: ANN401 - llguidance's LLExecutor
    """The rows' masks are computed side by side: a free text takes some 2 ms a row and token."""
    from llguidance import LLExecutor

    return LLExecutor()


def generate(
    loaded: LoadedVlm,
    inputs: Mapping[str, "torch.Tensor"],
    wishes: Sequence[Wish],
    *,
    ends: Sequence[int],
    max_tokens: int,
) -> list[Spoken]:
    """Answer a batch of prompts.

    Args:
        loaded: The model.
        inputs: What its processor made, padded on the left.
        wishes: One for each row.
        ends: Tokens that end an answer.
        max_tokens: The most tokens of an answer.
    """
    import torch
    from transformers import GenerationConfig

    steering = Steering(wishes, loaded.device)
    greedy = GenerationConfig(
        do_sample=False, max_new_tokens=max_tokens, eos_token_id=list(ends), pad_token_id=ends[0]
    )
    with torch.inference_mode():
        made = loaded.model.generate(
            **{name: tensor.to(loaded.device) for name, tensor in inputs.items()},
            logits_processor=[steering],
            generation_config=greedy,
        )
    answers = made[:, inputs["input_ids"].shape[1] :].cpu().numpy()
    return [
        Spoken(tokens=_until(row, ends), is_sound=bool(sound))
        for row, sound in zip(answers, steering.sound.tolist(), strict=True)
    ]


def _until(tokens: NDArray[np.int64], ends: Sequence[int]) -> tuple[int, ...]:
    stops = np.flatnonzero(np.isin(tokens, ends))
    return tuple(tokens[: stops[0] if len(stops) else None].tolist())
