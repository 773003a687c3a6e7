"""FLUX.1 Fill: objects put in or replaced, and new backgrounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.edit_types.spec import PaintKind
from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.crop import Crop
from models.paint.diffusion.flux import FillSpec, fill_spec
from models.paint.diffusion.jobs import Framing, Job, jobs_for, painted
from models.paint.diffusion.prompts import Describe
from models.paint.diffusion.sanity import to_mask, to_pixels, to_tensor
from models.paint.diffusion.seeds import generators
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxFill:
    """Paints inside a mask what the words say; the settings are the public pipeline's."""

    name = "flux_fill"
    version = "1"

    weights: Weights
    """A folder of FLUX.1 Fill."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    describe: Describe | None = None
    """Turns a noun into a description of a subject; nobody for the noun as it is."""
    steps: int = 12
    guidance: float = 30.0
    size_px: int = 1024
    context: float = 1.2
    min_grow_px: int = 32
    """Least growth of the mask, for an image 1024 px on its short side; none for a backdrop."""
    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""
    batch_size: int = 4

    def params(self) -> Mapping[str, object]:
        """The checkpoint and all that changes an answer."""
        return {
            **self.weights.params(),
            **self.runtime.params(),
            "steps": self.steps,
            "guidance": self.guidance,
            "size_px": self.size_px,
            "context": self.context,
            "min_grow_px": self.min_grow_px,
            "max_sequence_length": self.max_sequence_length,
            "describe": self.describe.params() if self.describe else None,
        }

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request, inside its grown mask."""
        framing = SubjectKept(
            size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px
        )
        jobs = jobs_for(requests, framing, self.describe)
        return painted(jobs, self._answers, batch_size=self.batch_size)

    def spec(self) -> FillSpec:
        """What is loaded."""
        return fill_spec(
            self.weights, self.runtime, size_px=self.size_px, batch_size=self.batch_size
        )

    def _answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        height, width = jobs[0].crop.size
        images = to_tensor([job.crop.rgb for job in jobs])
        masks = to_mask([job.crop.hole for job in jobs])
        noise = generators([job.request for job in jobs])
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                prompt=[job.prompt.text for job in jobs],
                image=images,
                mask_image=masks,
                height=height,
                width=width,
                generator=noise,
                guidance_scale=self.guidance,
                num_inference_steps=self.steps,
                max_sequence_length=self.max_sequence_length,
                output_type="pt",
            )
        return to_pixels(answer.images)


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
