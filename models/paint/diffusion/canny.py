"""Edges that hold a ControlNet to the source's geometry."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Canny:
    """Canny's detector; in its thresholds a sharp edge of n grey levels counts 4 n (Sobel)."""

    low: int = 100
    high: int = 200

    def edges(self, rgb: Rgb) -> Rgb:
        """White edges on black, in three equal channels."""
        grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
        found = cv2.Canny(grey, self.low, self.high)
        return np.repeat(np.asarray(found, np.uint8)[..., None], 3, axis=2)
