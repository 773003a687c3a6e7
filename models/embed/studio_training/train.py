"""The training loop: AdamW over fixed steps, from a fixed seed, the same weights each time."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from models.embed.studio_training.architecture import MODEL, Network, Tensor
from models.embed.studio_training.batches import Lessons, TrainingBatch, draw_batch
from models.embed.studio_training.losses import loss_of

if TYPE_CHECKING:
    from torch.optim import AdamW

log = logging.getLogger(__name__)

_BETAS = (0.9, 0.98)
_LARGEST_SCALE = 100.0
"""CLIP's own bound on what cosines are multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How it is trained."""

    steps: int = 500
    warmup_steps: int = 40
    crops: int = 96
    """Of one step."""
    scenes: int = 24
    """Of one step."""
    rate: float = 2e-3
    """The highest; it falls to 0 along a cosine."""
    decay: float = 0.05
    """Weight decay of matrices and kernels."""
    largest_gradient: float = 1.0
    seed: int = 7
    threads: int = 1
    """Other numbers of threads add numbers up in another order, and give slightly other weights."""


def train(lessons: Lessons, tokenizer: Tokenizer, settings: Settings) -> Network:
    """An open_clip `CLIP` in evaluation mode.

    Torch is left with the settings' number of threads and with deterministic algorithms.
    """
    import torch
    from open_clip.model import CLIP

    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(settings.seed)
    model = CLIP(**MODEL).to(memory_format=torch.channels_last).train()
    optimizer = _optimizer(model, settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _Schedule(settings))
    for step, batch in enumerate(_batches(lessons, settings), 1):
        loss = _loss(model, batch, tokenizer)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.largest_gradient)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(_LARGEST_SCALE))
        if step % 50 == 0:
            log.info("step %d of %d: loss %.3f", step, settings.steps, loss.item())
    return model.eval()


@dataclass(frozen=True, slots=True)
class _Schedule:
    """The share of the highest rate at each step."""

    settings: Settings

    def __call__(self, step: int) -> float:
        rising = (step + 1) / self.settings.warmup_steps
        return min(rising, 0.5 * (1 + math.cos(math.pi * step / self.settings.steps)))


def _batches(lessons: Lessons, settings: Settings) -> Iterator[TrainingBatch]:
    rng = np.random.default_rng(settings.seed)
    weights = lessons.weights()
    for _ in range(settings.steps):
        yield draw_batch(lessons, weights, crops=settings.crops, scenes=settings.scenes, rng=rng)


def _optimizer(model: Network, settings: Settings) -> "AdamW":
    """AdamW; norms, biases and the scale do not decay."""
    import torch

    parts = [[p for p in model.parameters() if (p.ndim > 1) == decays] for decays in (True, False)]
    groups = [
        {"params": part, "weight_decay": decay}
        for part, decay in zip(parts, (settings.decay, 0.0), strict=True)
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=_BETAS)


def _loss(model: Network, batch: TrainingBatch, tokenizer: Tokenizer) -> Tensor:
    import torch

    pixels = torch.from_numpy(batch.images).to(memory_format=torch.channels_last)
    tokens = torch.tensor([found.ids for found in tokenizer.encode_batch(list(batch.texts))])
    images = model.encode_image(pixels, normalize=True)
    texts = model.encode_text(tokens, normalize=True)
    return loss_of(batch, images, texts, model.logit_scale.exp())
