"""What a background painter is given."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A canvas to paint: its size and the row where the ground begins, in its own pixels."""

    height: int
    width: int
    horizon: int
    rng: np.random.Generator
