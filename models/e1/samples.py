"""Images that an E1 makes while it is trained, beside what they should be."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.e1.autoencoders import Autoencoder
from models.e1.config import E1Config
from models.e1.features import Features
from models.e1.flow import noise_of, sampled
from models.e1.pairs import TrainingPair
from models.e1.training import FlowTrainer, trained
from models.geometry import Rgb
from models.pipeline_pixels import resized, to_tensor
from models.training.saved import saving

FOLDER = "samples"
SHOWN = 4
"""Pairs that images are made for: some that are held out, or else some that are learnt."""
_SIDE_PX = 256
"""Of a picture in a grid, which is looked at and not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Makes them, into a folder and the log."""

    folder: Path
    """Where the checkpoint is written."""
    keys: Sequence[str]
    features: Features
    config: E1Config
    autoencoder: Autoencoder
    board: Any
    """TensorBoard's writer."""
    tell: Callable[[str], None]

    def write(self, step: int, trainer: FlowTrainer) -> None:
        """Make an image for each pair, and write a grid: source, what was made, target."""
        if not (trainer.is_main or trainer.sharded):
            return
        with averaged(trainer):
            made = [self._made(key, trainer) for key in self.keys]
        if not trainer.is_main:
            return
        rows = []
        for number, image in enumerate(made):
            both = np.asarray(Image.open(pair_file(self.folder, number)))
            source, target = both[:, :_SIDE_PX], both[:, _SIDE_PX:]
            rows.append(np.hstack([source, resized(image, _SIDE_PX, _SIDE_PX), target]))
        grid, file = np.vstack(rows), self.folder / FOLDER / f"step-{step:08d}.png"
        with saving(file):
            Image.fromarray(grid).save(file)
        self.board.add_image("samples", to_tensor([grid])[0], step)
        self.tell(f"step {step}: source, made, target of {len(rows)} pairs in {file}")

    def _made(self, key: str, trainer: FlowTrainer) -> Rgb:
        from models.e1.networks import Told

        one, device = self.features.load(key), trainer.device
        seen = None if one.seen is None else [one.seen]
        source = None if one.source is None else [one.source]
        told = Told.of([one.read], seen, source).to(device)
        noise = noise_of([0], tuple(one.latents.shape)).to(device)
        with trainer.computing():
            latents = sampled(
                trainer.bare, told, noise, steps=self.config.steps, guidance=self.config.guidance
            )
        pixels = self.autoencoder.decode(latents).float().nan_to_num() / 2 + 0.5
        scaled = (pixels[0].clamp(0, 1) * 255).round().byte()
        return np.asarray(scaled.permute(1, 2, 0).cpu().numpy())


def pair_file(folder: Path, number: int) -> Path:
    """Where source and target of a shown pair lie side by side."""
    return folder / FOLDER / f"pair-{number}.png"


def write_pair(folder: Path, number: int, pair: TrainingPair) -> None:
    """Keep source and target of a pair that is shown."""
    file = pair_file(folder, number)
    both = np.hstack([resized(image, _SIDE_PX, _SIDE_PX) for image in (pair.source, pair.target)])
    with saving(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(both).save(file)


@contextmanager
def averaged(trainer: FlowTrainer) -> Iterator[None]:
    """The average of what was learnt in the place of the last of it, where there is one."""
    import torch

    trainer.model.eval()
    weights = trained(trainer.model)
    kept = [] if trainer.ema is None else [weight.detach().clone() for weight in weights]
    if trainer.ema is not None:
        trainer.ema.copy_to(weights)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, before in zip(weights, kept, strict=False):
                weight.copy_(before)
        trainer.model.train()
