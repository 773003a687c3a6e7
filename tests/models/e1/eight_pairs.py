"""Eight pairs of drawn squares, one of which changes its colour, and recipes that learn them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.e1.e1_learner import E1Learner
from models.e1.pairs import PairCard, TrainingPair
from models.weights import Weights

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 220)}


@dataclass(frozen=True, kw_only=True)
class EightPairs:
    """Of two sizes; the last one's reference is shown too."""

    group: str = "learnt from"
    count: int = 8
    sizes: Sequence[tuple[int, int]] = ((96, 96), (64, 128))

    @property
    def cards(self) -> list[PairCard]:
        return [self._card(number) for number in range(self.count)]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> TrainingPair:
        if index >= self.count:
            raise IndexError(index)
        height, width = self.sizes[index % len(self.sizes)]
        chance = np.random.default_rng(index)
        source = np.full((height, width, 3), chance.integers(120, 256, 3), np.uint8)
        y, x = chance.integers(0, height // 2), chance.integers(0, width // 2)
        changed = np.zeros((height, width), np.bool_)
        changed[y : y + 32, x : x + 32] = True
        source[changed] = (90, 90, 90)
        target = source.copy()
        target[changed] = list(COLOURS.values())[index % 3]
        reference = source[:64, :64] if index == self.count - 1 else None
        card = self._card(index)
        return TrainingPair(
            card=card, source=source, target=target, changed=changed, reference=reference
        )

    def _card(self, index: int) -> PairCard:
        height, width = self.sizes[index % len(self.sizes)]
        where = "that is in the picture " * (index % 4)
        return PairCard(
            id=f"pair {index} of {self.sizes}",
            edit_type="alter",
            instruction=f"Paint the grey square {where}{list(COLOURS)[index % 3]}",
            width_px=width,
            height_px=height,
            score=1 + index % 5 if index else None,
            group=self.group,
        )


def learner(zoo: Path, **more: Any) -> E1Learner:
    """A recipe of debug size on the zoo's checkpoints."""
    small = dict(
        size="debug",
        reader=Weights.at(zoo / "qwen2.5-vl"),
        siglip=Weights.at(zoo / "siglip2"),
        painter=Weights.at(zoo / "flux1-dev"),
        connector_steps=4,
        steps=4,
        rows=4,
        rows_at_once=2,
        learning_rate=1e-3,
        save_every=2,
        sample_every=0,
    )
    return E1Learner(**{**small, **more})
