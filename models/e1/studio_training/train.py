"""How the studio's editor is trained: small images first, larger ones at the end."""

import csv
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.e1.studio_training.cache import Cache
from models.e1.studio_training.losses import Tensor, losses_of
from models.e1.studio_words import Words, mirrored

if TYPE_CHECKING:
    from models.e1.networks import E1Network

log = logging.getLogger(__name__)

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
_TOLD_EVERY_S, _SAVED_EVERY_S = 30, 240
_LOOKED_EVERY = 50
"""Steps after which newly rendered pairs are taken in."""
_LEAST_RATE = 0.01
"""Of the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How it is trained."""

    pairs: int = 50_000
    """That are shown in all, each a new draw."""
    phases: tuple[tuple[float, int], ...] = ((0.0, 64), (0.42, 96))
    """From which share of them on images have which side, pixels."""
    batch: int = 24
    rate: float = 1e-3
    """The highest; it falls along a cosine."""
    warmup_steps: int = 60
    decay: float = 0.02
    largest_gradient: float = 1.0
    ema: float = 0.995
    seed: int = 7
    threads: int = 2

    def side_px(self, done: float) -> int:
        """Of images after a share of the pairs."""
        return next(side for since, side in reversed(self.phases) if since <= done)

    def rate_at(self, step: int, done: float) -> float:
        """The learning rate of a step, counted from 0."""
        fallen = 0.5 * (1 + math.cos(math.pi * done)) + _LEAST_RATE
        return self.rate * min((step + 1) / self.warmup_steps, fallen)


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


def _tensor(images: Sequence[NDArray[np.uint8]]) -> Tensor:
    import torch

    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return pixels.float().div_(127.5).sub_(1)


def train(
    cache: Cache, words: Words, network: "E1Network", folder: Path, settings: Settings
) -> "E1Network":
    """The moving average of what was learnt; also written to the folder now and then."""
    import torch
    from diffusers.training_utils import EMAModel

    torch.set_num_threads(settings.threads)
    chance = torch.Generator().manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    optimizer = _optimizer(network.train(), settings)
    ema = EMAModel(network.parameters(), decay=settings.ema, use_ema_warmup=True, power=0.75)
    curve, saved = _Curve(path=folder / "curve.csv"), time.monotonic()
    steps = -(-settings.pairs // settings.batch)
    for step in range(steps):
        if step % _LOOKED_EVERY == 0:
            cache.read()
        side_px = settings.side_px(step / steps)
        batch = draw_batch(cache, words, side_px, settings.batch, rng)
        losses = losses_of(network, batch.source, batch.target, batch.ids, chance)
        losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.largest_gradient)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate_at(step, step / steps)
        optimizer.step()
        optimizer.zero_grad()
        ema.step(network.parameters())
        curve.add(batch.kinds, losses.tolist(), side_px)
        if time.monotonic() - saved > _SAVED_EVERY_S:
            _save(network, ema, folder)
            saved = time.monotonic()
    curve.tell(side_px)
    ema.copy_to(network.parameters())
    network.eval()
    return network


def _optimizer(network: "E1Network", settings: Settings) -> Any:  # noqa: ANN401 - of torch
    """AdamW; norms and biases do not decay."""
    import torch

    parts = [[p for p in network.parameters() if (p.ndim > 1) == rots] for rots in (True, False)]
    groups = [
        {"params": part, "weight_decay": decay}
        for part, decay in zip(parts, (settings.decay, 0.0), strict=True)
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=_BETAS, fused=True)


def _save(network: "E1Network", ema: Any, folder: Path) -> None:  # noqa: ANN401 - of diffusers
    from models.e1.folder import write_network

    ema.store(network.parameters())
    ema.copy_to(network.parameters())
    write_network(folder, network, transformer=True)
    ema.restore(network.parameters())


@dataclass(slots=True, kw_only=True)
class _Curve:
    """Mean losses, by time and edit type."""

    path: Path
    seen: int = 0
    began: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)
    losses: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kinds: Sequence[str], losses: Sequence[float], side_px: int) -> None:
        for kind, value in zip(kinds, losses, strict=True):
            self.losses.setdefault(kind, []).append(value)
        self.seen += len(kinds)
        if time.monotonic() - self.told > _TOLD_EVERY_S:
            self.tell(side_px)

    def tell(self, side_px: int) -> None:
        if not self.path.exists():
            self._write(["minutes", "pairs", "side_px", "loss", *SHARES])
        self.told = time.monotonic()
        mean = float(np.mean([v for values in self.losses.values() for v in values]))
        kinds = [round(float(np.mean(self.losses.get(kind, [math.nan]))), 4) for kind in SHARES]
        minutes = round((self.told - self.began) / 60, 2)
        self._write([minutes, self.seen, side_px, round(mean, 4), *kinds])
        log.info("%.1f min, %d pairs, %d px: loss %.4f", minutes, self.seen, side_px, mean)
        self.losses = {}

    def _write(self, row: Sequence[object]) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow(row)
