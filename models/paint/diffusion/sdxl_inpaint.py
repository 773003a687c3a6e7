"""SDXL inpainting: how the paper removes an object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.jobs import Framing, Job, jobs_for, painted
from models.paint.diffusion.loading import DiffusersSpec
from models.paint.diffusion.prompts import Describe
from models.paint.diffusion.sanity import to_mask, to_pixels, to_tensor
from models.paint.diffusion.sdxl import encoded, working_bytes
from models.paint.diffusion.seeds import generators
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlInpaint:
    """Fills a mask with what the words say; made to erase, and able to insert."""

    name = "sdxl_inpaint"
    version = "1"

    weights: Weights
    """A folder of an SDXL inpainting pipeline, whose UNet has nine input channels."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    describe: Describe | None = None
    """Turns a noun into a description of a subject; nobody for the noun as it is."""
    steps: int = 22
    """At a strength of 0.99 one of them is left out: the paper's 21."""
    guidance: float = 3.0
    strength: float = 0.99
    """Noise to begin with, 0 to 1; at 1 the checkpoint blurs (its model card)."""
    size_px: int = 1024
    context: float = 1.2
    min_grow_px: int = 64
    """Least growth of the mask, for an image 1024 px on its short side."""
    batch_size: int = 4

    def params(self) -> Mapping[str, object]:
        """The checkpoint and all that changes an answer."""
        return {
            **self.weights.params(),
            **self.runtime.params(),
            "steps": self.steps,
            "guidance": self.guidance,
            "strength": self.strength,
            "size_px": self.size_px,
            "context": self.context,
            "min_grow_px": self.min_grow_px,
            "describe": self.describe.params() if self.describe else None,
        }

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request, inside its grown mask."""
        framing = Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)
        jobs = jobs_for(requests, framing, self.describe)
        return painted(jobs, self._answers, batch_size=self.batch_size)

    def spec(self) -> DiffusersSpec:
        """What is loaded."""
        return DiffusersSpec(
            pipeline="StableDiffusionXLInpaintPipeline",
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=working_bytes(
                self.runtime, size_px=self.size_px, batch_size=self.batch_size
            ),
        )

    def _answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        height, width = jobs[0].crop.size
        images = to_tensor([job.crop.rgb for job in jobs])
        masks = to_mask([job.crop.hole for job in jobs])
        noise = generators([job.request for job in jobs])
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                **encoded(pipeline, [job.prompt for job in jobs]),
                image=images,
                mask_image=masks,
                height=height,
                width=width,
                generator=noise,
                strength=self.strength,
                guidance_scale=self.guidance,
                num_inference_steps=self.steps,
                output_type="pt",
            )
        return to_pixels(answer.images)
