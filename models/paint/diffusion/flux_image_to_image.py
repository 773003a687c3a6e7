"""FLUX.1-dev from image to image: a whole picture redrawn, its layout kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.flux import working_bytes
from models.paint.diffusion.jobs import Framing, Job, jobs_for, painted
from models.paint.diffusion.loading import DiffusersSpec
from models.paint.diffusion.prompts import Describe
from models.paint.diffusion.sanity import to_pixels, to_tensor
from models.paint.diffusion.seeds import generators
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxImageToImage:
    """Redraws an image; the paper goes over a style with it (`SdxlStyle.then`)."""

    name = "flux_image_to_image"
    version = "1"

    weights: Weights
    """A folder of FLUX.1-dev."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    describe: Describe | None = None
    """Turns a style's name into a description; nobody for the name as it is."""
    strength: float = 0.45
    """Noise to begin with, 0 to 1, and the share of the steps that are done."""
    steps: int = 28
    guidance: float = 3.5
    size_px: int = 1024
    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""
    batch_size: int = 4

    def params(self) -> Mapping[str, object]:
        """The checkpoint and all that changes an answer."""
        return {
            **self.weights.params(),
            **self.runtime.params(),
            "strength": self.strength,
            "steps": self.steps,
            "guidance": self.guidance,
            "size_px": self.size_px,
            "max_sequence_length": self.max_sequence_length,
            "describe": self.describe.params() if self.describe else None,
        }

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """Each image anew, wherever its mask is True."""
        framing = Framing(size_px=self.size_px, whole_image=True)
        jobs = jobs_for(requests, framing, self.describe)
        return painted(jobs, self._answers, batch_size=self.batch_size)

    def spec(self) -> DiffusersSpec:
        """What is loaded."""
        return DiffusersSpec(
            pipeline="FluxImg2ImgPipeline",
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=working_bytes(
                self.runtime, size_px=self.size_px, batch_size=self.batch_size
            ),
        )

    def _answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        height, width = jobs[0].crop.size
        images = to_tensor([job.crop.rgb for job in jobs])
        noise = generators([job.request for job in jobs])
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                prompt=[job.prompt.text for job in jobs],
                image=images,
                height=height,
                width=width,
                generator=noise,
                strength=self.strength,
                guidance_scale=self.guidance,
                num_inference_steps=self.steps,
                max_sequence_length=self.max_sequence_length,
                output_type="pt",
            )
        return to_pixels(answer.images)
