"""Edges that hold a ControlNet to the source's geometry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from models.geometry import Rgb
from models.paint.diffusion.jobs import Job
from models.pipeline_pixels import to_tensor


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

    def control(self, jobs: Sequence[Job], *, weight: float, until: float) -> Mapping[str, Any]:
        """What a ControlNet's pipeline takes.

        Args:
            jobs: Whose crops to take the edges of.
            weight: Of the edges, 0 to 1.
            until: Share of the steps after which the edges no longer hold.
        """
        return {
            "control_image": to_tensor([self.edges(job.crop.rgb) for job in jobs]),
            "controlnet_conditioning_scale": weight,
            "control_guidance_end": until,
        }
