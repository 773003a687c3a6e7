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
from models.studio.catalogue import names

if TYPE_CHECKING:
    from torch.optim import AdamW


_TEXT_WEIGHT = 0.5
_SCENE_WEIGHT = 0.25
_HARD_NAMES = 2
"""Names that a crop is most easily mistaken for, beside two at random."""


def loss_of(batch: TrainingBatch, images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """One number for a batch.

    Args:
        batch: What was shown.
        images: Unit vectors of its images, in order.
        texts: Unit vectors of its texts, in order.
        scale: What cosines are multiplied by.
    """
    import torch

    crops, count = len(batch.labels), len(names())
    labels = torch.from_numpy(batch.labels)
    named = scale * images[:crops] @ texts[:count].T
    denied = scale * images[:crops] @ texts[count : 2 * count].T
    scenes = scale * texts[2 * count :] @ images[crops:].T
    holds = torch.from_numpy(batch.caption_holds)
    return (
        name_loss(named, labels)
        + denial_loss(named, denied, labels, torch.from_numpy(batch.others))
        + _SCENE_WEIGHT * (matching_loss(scenes, holds) + matching_loss(scenes.T, holds.T)) / 2
    )


def name_loss(named: Tensor, labels: Tensor) -> Tensor:
    """CLIP's contrast in both directions, against every name of the catalogue.

    Args:
        named: Crops x names, scaled cosines.
        labels: The name of each crop.
    """
    import torch
    from torch.nn import functional

    present = torch.unique(labels)
    to_crops = matching_loss(named.T[present], labels == present[:, None])
    return functional.cross_entropy(named, labels) + _TEXT_WEIGHT * to_crops


def denial_loss(named: Tensor, denied: Tensor, labels: Tensor, others: Tensor) -> Tensor:
    """Makes "name" win over "not name" for the crop's own name, and lose for other names.

    A plain CLIP takes "not a dog" for much the same as "a dog"; the region gate asks for just
    this difference. Besides random other names it sees those that the crop most looks like.

    Args:
        named: Crops x names, scaled cosines to "name".
        denied: The same to "not name".
        labels: The name of each crop.
        others: Crops x any number: names that are not the crop's.
    """
    import torch
    from torch.nn import functional

    margin = named - denied
    own = labels[:, None]
    # What lies far below any cosine is never among the hardest.
    hard = named.detach().scatter(1, own, -1e9).topk(_HARD_NAMES, dim=1).indices
    wrong = margin.gather(1, torch.cat([hard, others], dim=1))
    right = margin.gather(1, own)
    return functional.softplus(-right).mean() + functional.softplus(wrong).mean()


def matching_loss(scores: Tensor, holds: Tensor) -> Tensor:
    """Cross entropy to all that fits a row, in equal parts.

    Args:
        scores: Scaled cosines, rows x columns.
        holds: Which column fits which row; at least one for each row.
    """
    share = holds.float() / holds.sum(dim=1, keepdim=True)
    return -(share * scores.log_softmax(dim=1)).sum(dim=1).mean()


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
