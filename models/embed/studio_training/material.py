"""All that is rendered for a training, kept in a folder if one is given."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.embed.studio_training.batches import Lessons
from models.embed.studio_training.crops import SPLITS, Renders, make_renders
from models.embed.studio_training.studies import make_studies

log = logging.getLogger(__name__)

STUDIES_EACH = 24
"""Studies of each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The three sets and the studies."""

    train: Renders
    validation: Renders
    held_out: Renders
    studies: NDArray[np.uint8]
    render_s: float
    """Seconds that rendering took, now or when it was kept."""

    @property
    def lessons(self) -> Lessons:
        """What is trained on."""
        return Lessons.of(self.train, self.studies)

    def save(self, file: Path) -> None:
        """Write it to an .npz file."""
        arrays: dict[str, NDArray[Any]] = {
            f"{name}.{column}": values
            for name in SPLITS
            for column, values in getattr(self, name).columns().items()
        }
        np.savez(file, allow_pickle=False, studies=self.studies, render_s=self.render_s, **arrays)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(file) as stored:
            columns = Renders.column_names()
            sets: dict[str, Any] = {
                name: Renders(**{column: stored[f"{name}.{column}"] for column in columns})
                for name in SPLITS
            }
            return cls(**sets, studies=stored["studies"], render_s=float(stored["render_s"]))


def material(cache: Path | None, *, workers: int, seed: int) -> Material:
    """Render everything, or read what an earlier call has kept in `cache`."""
    kept = cache / "material.npz" if cache else None
    if kept and kept.exists():
        return Material.load(kept)
    start = time.monotonic()
    sets: dict[str, Any] = {name: make_renders(split, workers) for name, split in SPLITS.items()}
    studies = make_studies(seed, STUDIES_EACH, workers)
    made = Material(**sets, studies=studies, render_s=time.monotonic() - start)
    log.info("rendered %d crops in %.0f s", len(made.lessons.crops), made.render_s)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made.save(kept)
    return made
