"""SDXL inpainting held to the source's edges: how the paper alters an object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.jobs import Framing, Job, jobs_for, painted
from models.paint.diffusion.loading import DiffusersSpec, Extra
from models.paint.diffusion.prompts import Describe
from models.paint.diffusion.sanity import to_mask, to_pixels, to_tensor
from models.paint.diffusion.sdxl import encoded, working_bytes
from models.paint.diffusion.seeds import generators
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlCanny:
    """Gives a masked object another colour or material and keeps its geometry."""

    name = "sdxl_canny"
    version = "1"

    weights: Weights
    """A folder of an SDXL pipeline, for inpainting or plain."""
    controlnet: Weights
    """A folder of a ControlNet of SDXL that was trained on Canny edges."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    describe: Describe | None = None
    """Turns a noun into a description of a subject; nobody for the noun as it is."""
    steps: int = 22
    """At a strength of 0.99 one of them is left out: the paper's 21."""
    guidance: float = 6.0
    strength: float = 0.99
    """Noise to begin with, 0 to 1."""
    control: float = 0.9
    """Weight of the edges, 0 to 1."""
    control_until: float = 0.7
    """Share of the steps after which the edges no longer hold: above 0, to 1."""
    canny_low: int = 100
    canny_high: int = 200
    size_px: int = 1024
    context: float = 1.2
    min_grow_px: int = 0
    """Least growth of the mask, for an image 1024 px on its short side."""
    batch_size: int = 4

    def params(self) -> Mapping[str, object]:
        """The checkpoints and all that changes an answer."""
        return {
            **self.weights.params(),
            **self.runtime.params(),
            "controlnet": self.controlnet.params(),
            "steps": self.steps,
            "guidance": self.guidance,
            "strength": self.strength,
            "control": [self.control, self.control_until, self.canny_low, self.canny_high],
            "size_px": self.size_px,
            "context": self.context,
            "min_grow_px": self.min_grow_px,
            "describe": self.describe.params() if self.describe else None,
        }

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request, inside its mask."""
        framing = Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)
        jobs = jobs_for(requests, framing, self.describe)
        return painted(jobs, self._answers, batch_size=self.batch_size)

    def spec(self) -> DiffusersSpec:
        """What is loaded."""
        controlnet = Extra(
            slot="controlnet", class_name="diffusers.ControlNetModel", weights=self.controlnet
        )
        return DiffusersSpec(
            pipeline="StableDiffusionXLControlNetInpaintPipeline",
            weights=self.weights,
            runtime=self.runtime,
            extras=(controlnet,),
            working_bytes=working_bytes(
                self.runtime, size_px=self.size_px, batch_size=self.batch_size
            ),
        )

    def _answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        height, width = jobs[0].crop.size
        canny = Canny(low=self.canny_low, high=self.canny_high)
        images = to_tensor([job.crop.rgb for job in jobs])
        edges = to_tensor([canny.edges(job.crop.rgb) for job in jobs])
        masks = to_mask([job.crop.hole for job in jobs])
        noise = generators([job.request for job in jobs])
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                **encoded(pipeline, [job.prompt for job in jobs]),
                image=images,
                mask_image=masks,
                control_image=edges,
                controlnet_conditioning_scale=self.control,
                control_guidance_end=self.control_until,
                height=height,
                width=width,
                generator=noise,
                strength=self.strength,
                guidance_scale=self.guidance,
                num_inference_steps=self.steps,
                output_type="pt",
            )
        return to_pixels(answer.images)
