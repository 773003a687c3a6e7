"""What every workflow of one diffusers pipeline shares: frame, call batch by batch, stitch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.loading.diffusers_spec import DiffusersSpec, Extra
from models.paint.diffusion.jobs import Describe, Framing, Job, jobs_for, painted
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import to_pixels, to_tensor
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights

if TYPE_CHECKING:
    import torch


def generators(requests: Sequence[PaintRequest]) -> "list[torch.Generator]":
    """One generator for each request. On the CPU, where noise does not depend on the device."""
    import torch

    return [torch.Generator("cpu").manual_seed(request.seed) for request in requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineWorkflow(Recorded, ABC):
    """Crops, words and noise in; pictures out. A workflow adds what its own pipeline takes."""

    pipeline: ClassVar[str]
    """The pipeline's class in diffusers."""
    loader: ClassVar[type[DiffusersSpec]] = DiffusersSpec

    weights: Weights
    """A folder of the pipeline."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    describe: Describe | None = None
    """Turns a noun into a description of a subject; nobody for the noun as it is."""
    steps: int
    guidance: float
    size_px: int = 1024
    """Side of the square that has about as many pixels as what the model sees."""
    batch_size: int = 4

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request, inside its mask as the framing grows it."""
        jobs = jobs_for(requests, self.framing(), self.describe)
        return painted(jobs, self.answers, batch_size=self.batch_size)

    def spec(self) -> DiffusersSpec:
        """What is loaded; workflows of equal settings share it."""
        return self.loader(
            pipeline=self.pipeline,
            weights=self.weights,
            runtime=self.runtime,
            extras=self.extras(),
            working_bytes=self.working_bytes(),
        )

    def framing(self) -> Framing:
        """What of an image the model sees: all of it."""
        return Framing(size_px=self.size_px, whole_image=True)

    def extras(self) -> tuple[Extra, ...]:
        """Networks beside the checkpoint's own."""
        return ()

    @abstractmethod
    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""

    @abstractmethod
    def words(self, pipeline: Any, jobs: Sequence[Job]) -> Mapping[str, Any]:  # noqa: ANN401 - untyped
        """The prompts, as this family of pipelines is given them."""

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """Further arguments of the call, made before the pipeline is taken."""
        del jobs
        return {}

    def arguments(
        self,
        pipeline: Any,  # noqa: ANN401 - diffusers' pipelines are untyped
        jobs: Sequence[Job],
        inputs: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """The words and the inputs together."""
        return {**self.words(pipeline, jobs), **inputs}

    def answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        """A picture of its crop's size for each of alike jobs."""
        height, width = jobs[0].crop.size
        shared = {
            "image": to_tensor([job.crop.rgb for job in jobs]),
            "height": height,
            "width": width,
            "generator": generators([job.request for job in jobs]),
            "guidance_scale": self.guidance,
            "num_inference_steps": self.steps,
            "output_type": "pt",
        }
        inputs = self.inputs(jobs)
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(**shared, **self.arguments(pipeline, jobs, inputs))
        return to_pixels(answer.images)
