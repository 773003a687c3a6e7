"""How the studio's painter is trained: small images first, larger ones at the end."""

import csv
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.e1.studio_training.cache import Cache
from models.e1.studio_words import Words, mirrored

log = logging.getLogger(__name__)

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""

SHARES = {
    "remove": 0.14,
    "alter": 0.14,
    "replace": 0.16,
    "add": 0.12,
    "object_extraction": 0.12,
    "hybrid": 0.05,
    "background_change": 0.12,
    "style_transfer": 0.1,
    "motion_change": 0.05,
}
"""How often each edit type is drawn."""
_BETAS = (0.9, 0.99)
_PURE_NOISE_SHARE = 0.6
"""Images are made in few steps, the first of which sees nothing but noise and decides the most."""
_CHANGED = (0.04, 0.12)
"""Mean difference of the channels, -1 to 1, between which a pixel counts in part as changed."""
_LEAST_SHARE = 0.02
_GATE_WEIGHT, _EDGE_WEIGHT = 0.1, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How it is trained."""

    minutes: float = 60.0
    phases: tuple[tuple[float, int], ...] = ((0.0, 64), (0.35, 96))
    """From which share of the time on images have which side, pixels."""
    batch: int = 24
    rate: float = 1e-3
    """The highest; it falls along a cosine."""
    warmup_steps: int = 60
    decay: float = 0.02
    largest_gradient: float = 1.0
    ema: float = 0.995
    seed: int = 7
    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """One step's images, -1 to 1, and words."""

    source: Tensor
    target: Tensor
    ids: Tensor
    kinds: Sequence[str]


def draw_batch(
    cache: Cache, words: Words, side_px: int, count: int, rng: np.random.Generator
) -> TrainingBatch:
    """A batch of so many pairs, half of them seen in a mirror."""
    import torch

    there = [kind for kind in SHARES if cache.by_type.get(kind)]
    odds = np.array([SHARES[kind] for kind in there])
    kinds = [str(kind) for kind in rng.choice(there, count, p=odds / odds.sum())]
    sources, targets, texts = [], [], []
    for kind in kinds:
        held = cache.by_type[kind]
        at = held[int(rng.integers(len(held)))]
        pair, text = (cache.sources[at], cache.targets[at]), cache.texts[at]
        if rng.integers(2):
            pair, text = (pair[0][:, ::-1], pair[1][:, ::-1]), mirrored(text)
        sources.append(_fitted(pair[0], side_px))
        targets.append(_fitted(pair[1], side_px))
        texts.append(text)
    return TrainingBatch(
        source=_tensor(sources),
        target=_tensor(targets),
        ids=torch.from_numpy(words.ids(texts)),
        kinds=kinds,
    )


def _fitted(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    size = (side_px, side_px)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _tensor(images: list[NDArray[np.uint8]]) -> Tensor:
    import torch

    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return pixels.float().div_(127.5).sub_(1)


def loss_of(network: Any, batch: TrainingBatch, generator: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """The mean loss, and that of each pair.

    Half of a pair's weight lies where it changed, however small that is. The painter tells the
    image itself, of which flow matching's velocity is (noisy - image) / sigma.
    """
    import torch
    from torch.nn import functional

    from models.e1.studio_painter import SCALE, painted

    count = len(batch.kinds)
    drawn = torch.rand(2, count, generator=generator)
    sigma = torch.where(drawn[0] < _PURE_NOISE_SHARE, torch.ones(count), 1 - drawn[1] ** 1.5)
    sigma = sigma.clamp(min=0.02)
    noise = torch.randn(batch.target.shape, generator=generator)
    level = sigma.view(-1, 1, 1, 1)
    noisy = (1 - level) * batch.target + level * noise / SCALE
    words = network.connectors["reader"](batch.ids[..., None])
    answer = network.transformer.answer(noisy, batch.source, words, sigma)
    made = painted(answer, batch.source)
    low, high = _CHANGED
    apart = (batch.target - batch.source).abs().mean(1, keepdim=True)
    changed = ((apart - low) / (high - low)).clamp(0, 1)
    share = changed.mean((1, 2, 3), keepdim=True)
    weight = 0.5 * changed / share.clamp(min=_LEAST_SHARE)
    weight = weight + (1 - 0.5 * (share / _LEAST_SHARE).clamp(max=1)) * (1 - changed) / (
        1 - share
    ).clamp(min=_LEAST_SHARE)
    miss = made - batch.target
    pixel = miss.abs().mean(1, keepdim=True)
    edge = (miss[..., 1:] - miss[..., :-1]).abs().mean(1, keepdim=True)
    rise = (miss[..., 1:, :] - miss[..., :-1, :]).abs().mean(1, keepdim=True)
    losses = (weight * pixel).mean((1, 2, 3))
    losses = losses + _EDGE_WEIGHT * (
        (weight[..., 1:] * edge).mean((1, 2, 3)) + (weight[..., 1:, :] * rise).mean((1, 2, 3))
    )
    gate = answer[:, :1] - 3.0
    losses = losses + _GATE_WEIGHT * (
        weight * functional.binary_cross_entropy_with_logits(gate, changed, reduction="none")
    ).mean((1, 2, 3))
    return losses.mean(), losses.detach()


def train(cache: Cache, words: Words, network: Any, folder: Path, settings: Settings) -> Any:  # noqa: ANN401
    """Train for so many minutes; the smoothed painter, written to the folder now and then."""
    import torch
    from diffusers.training_utils import EMAModel

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    generator = torch.Generator().manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network.train()
    parts = [[p for p in network.parameters() if (p.ndim > 1) == decays] for decays in (True, False)]
    optimizer = torch.optim.AdamW(
        [
            {"params": part, "weight_decay": decay}
            for part, decay in zip(parts, (settings.decay, 0.0), strict=True)
        ],
        lr=settings.rate,
        betas=_BETAS,
        fused=True,
    )
    ema = EMAModel(network.parameters(), decay=settings.ema, use_ema_warmup=True, power=0.75)
    start, step, seen = time.monotonic(), 0, 0
    told, saved = start, start
    means: dict[str, list[float]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "curve.csv").open("w", newline="") as file:
        curve = csv.writer(file)
        curve.writerow(["minutes", "step", "pairs", "side_px", "loss", *SHARES])
        while (done := (time.monotonic() - start) / 60 / settings.minutes) < 1:
            side = [side for since, side in settings.phases if since <= done][-1]
            if step % 50 == 0:
                cache.read()
            batch = draw_batch(cache, words, side, settings.batch, rng)
            loss, losses = loss_of(network, batch, generator)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.largest_gradient)
            rate = settings.rate * min(
                (step + 1) / settings.warmup_steps, 0.5 * (1 + math.cos(math.pi * done)) + 0.01
            )
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
            ema.step(network.parameters())
            step, seen = step + 1, seen + settings.batch
            for kind, value in zip(batch.kinds, losses.tolist(), strict=True):
                means.setdefault(kind, []).append(value)
            now = time.monotonic()
            if now - told > 30:
                row = [round(float(np.mean(means.get(k, [math.nan]))), 4) for k in SHARES]
                whole = round(float(np.mean([v for vs in means.values() for v in vs])), 4)
                curve.writerow([round((now - start) / 60, 2), step, seen, side, whole, *row])
                file.flush()
                log.info("%.1f min, step %d, %d of %d pairs, %d px: %s %s", (now - start) / 60, step, seen, len(cache), side, whole, dict(zip(SHARES, row, strict=True)))
                told, means = now, {}
            if now - saved > 240:
                _save(network, ema, folder)
                saved = now
    _save(network, ema, folder)
    ema.copy_to(network.parameters())
    return network.eval()


def _save(network: Any, ema: Any, folder: Path) -> None:  # noqa: ANN401
    ema.store(network.parameters())
    ema.copy_to(network.parameters())
    network.transformer.save_pretrained(folder / "transformer")
    network.connectors["reader"].save_pretrained(folder / "reader_connector")
    ema.restore(network.parameters())
