"""SDXL inpainting: how the paper removes an object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.paint.diffusion.jobs import Framing, Job
from models.paint.diffusion.sdxl import SdxlWorkflow
from models.pipeline_pixels import to_mask


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlInpaint(SdxlWorkflow):
    """Fills a mask with what the words say; made to erase, and able to insert.

    Its checkpoint is an SDXL inpainting pipeline, whose UNet has nine input channels.
    """

    name = "sdxl_inpaint"
    version = "1"
    pipeline = "StableDiffusionXLInpaintPipeline"

    steps: int = 22
    """At a strength of 0.99 one of them is left out: the paper's 21."""
    guidance: float = 3.0
    strength: float = 0.99
    """Noise to begin with, 0 to 1; at 1 the checkpoint blurs (its model card)."""
    context: float = 1.2
    min_grow_px: int = 64
    """Least growth of the mask, for an image 1024 px on its short side."""

    def framing(self) -> Framing:
        """The grown mask and its surroundings."""
        return Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks."""
        return {"mask_image": to_mask([job.crop.hole for job in jobs]), "strength": self.strength}
