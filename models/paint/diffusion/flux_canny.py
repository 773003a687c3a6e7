"""FLUX.1-dev inpainting held to the source's edges: another way to alter an object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.loading.diffusers_spec import Extra
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.flux import FluxWorkflow
from models.paint.diffusion.jobs import Framing, Job
from models.pipeline_pixels import to_mask
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxCanny(FluxWorkflow):
    """Gives a masked object another colour or material and keeps its geometry.

    Its checkpoint is FLUX.1-dev.
    """

    name = "flux_canny"
    version = "1"
    pipeline = "FluxControlNetInpaintPipeline"

    controlnet: Weights
    """A folder of a ControlNet of FLUX.1-dev that was trained on Canny edges alone."""
    steps: int = 28
    guidance: float = 3.5
    strength: float = 0.9
    """Noise to begin with, 0 to 1, and the share of the steps that are done."""
    control: float = 0.9
    """Weight of the edges, 0 to 1."""
    control_until: float = 0.7
    """Share of the steps after which the edges no longer hold, 0 to 1."""
    canny_low: int = 100
    canny_high: int = 200
    context: float = 1.2
    min_grow_px: int = 0
    """Least growth of the mask, for an image 1024 px on its short side."""

    def framing(self) -> Framing:
        """The mask and its surroundings."""
        return Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)

    def extras(self) -> tuple[Extra, ...]:
        """The ControlNet."""
        return (Extra.controlnet("FluxControlNetModel", self.controlnet),)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks and the edges."""
        edges = Canny(low=self.canny_low, high=self.canny_high)
        return {
            "mask_image": to_mask([job.crop.hole for job in jobs]),
            "strength": self.strength,
            **edges.control(jobs, weight=self.control, until=self.control_until),
        }
