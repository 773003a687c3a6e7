"""What an embedder takes and returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

Vector = NDArray[np.float32]
"""An embedding of unit length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRequest:
    """A region's crop, painted white outside its mask, and the name that it goes by."""

    crop: Rgb
    name: str
    drawn: bool = False
    """Whether the image is an illustration of the studio."""
