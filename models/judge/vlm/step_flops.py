"""How many operations a step of training takes.

A pass forward is `models.chat.generation`'s. Back through trained weights takes twice as many
again: one product for the weights' gradients, one for the inputs'. Frozen weights have the second
alone, and the vision tower, frozen before anything that is trained, neither. Adapters and what is
computed once more for checkpointing are left out, so that the share is of useful work (Chowdhery et
al. 2022, PaLM, appendix B).
"""

from collections.abc import Sequence
from typing import Any

from models.chat.generation import language_flops, vision_flops
from models.judge.vlm.examples import Batch

_FULL, _FROZEN = 3, 2
"""Passes forward that a pass both ways is worth."""


def step_flops(config: Any, batches: Sequence[Batch], *, full: bool) -> int:  # noqa: ANN401 - of transformers
    """Operations of one step.

    Args:
        config: The checkpoint's.
        batches: What goes through the model in the step; padding is not counted.
        full: Whether the language model's own weights are trained, or adapters beside them.
    """
    seen = sum(
        vision_flops(config.vision_config, tokens)
        for batch in batches
        for tokens in batch.image_tokens
    )
    language = sum(
        language_flops(config.text_config, prompt_tokens=asked, new_tokens=said + 1)
        for batch in batches
        for asked, said in batch.lengths
    )
    return seen + (_FULL if full else _FROZEN) * language
