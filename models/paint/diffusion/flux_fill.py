"""FLUX.1 Fill: objects put in or replaced, and new backgrounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.paint.diffusion.crop import Crop
from models.paint.diffusion.flux import FillSpec, FluxWorkflow
from models.paint.diffusion.jobs import Framing, Job
from models.painting import PaintRequest
from models.pipeline_pixels import to_mask
from models.vocabulary import PaintKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxFill(FluxWorkflow):
    """Paints inside a mask what the words say; the settings are the public pipeline's."""

    name = "flux_fill"
    version = "1"
    pipeline = "FluxFillPipeline"
    loader = FillSpec

    steps: int = 12
    guidance: float = 30.0
    context: float = 1.2
    min_grow_px: int = 32
    """Least growth of the mask, for an image 1024 px on its short side; none for a backdrop."""

    def framing(self) -> Framing:
        """The grown mask and its surroundings."""
        return SubjectKept(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks."""
        return {"mask_image": to_mask([job.crop.hole for job in jobs])}


class SubjectKept(Framing):
    """Grows every mask but a backdrop's: that one would eat into the subject it surrounds."""

    __slots__ = ()

    def crop(self, request: PaintRequest) -> Crop:
        """The request's image as the model sees it.

        Raises:
            FaultError: EMPTY_MASK.
        """
        if request.kind is PaintKind.BACKDROP:
            return Framing.crop(replace(self, min_grow_px=0), request)
        return Framing.crop(self, request)
