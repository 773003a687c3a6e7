"""FLUX.1-dev from image to image: a whole picture redrawn, its layout kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.paint.diffusion.flux import FluxWorkflow
from models.paint.diffusion.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxImageToImage(FluxWorkflow):
    """Redraws an image; the paper goes over a style with it (`SdxlStyle.then`)."""

    name = "flux_image_to_image"
    version = "1"
    pipeline = "FluxImg2ImgPipeline"

    steps: int = 28
    guidance: float = 3.5
    strength: float = 0.45
    """Noise to begin with, 0 to 1, and the share of the steps that are done."""

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """How far it may go."""
        del jobs
        return {"strength": self.strength}
