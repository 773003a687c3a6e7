"""SDXL with edges and an image prompt: how the paper paints a photograph in another style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.faults import Fault
from models.geometry import Box, Rgb
from models.hosting import Host
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.ip_adapter import image_prompts
from models.paint.diffusion.jobs import Framing, Job, jobs_for, painted
from models.paint.diffusion.loading import DiffusersSpec, Extra, ImagePrompt
from models.paint.diffusion.prompts import Describe
from models.paint.diffusion.sanity import to_pixels, to_tensor
from models.paint.diffusion.sdxl import encoded, working_bytes
from models.paint.diffusion.seeds import generators
from models.paint.workflow import Workflow
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlStyle:
    """Renders a whole image in a style; edges keep its layout, an IP-Adapter its content."""

    name = "sdxl_style"
    version = "1"

    weights: Weights
    """A folder of an SDXL pipeline."""
    controlnet: Weights
    """A folder of a ControlNet of SDXL that was trained on Canny edges."""
    adapter: Weights
    """A plain IP-Adapter of SDXL: one safetensors file."""
    encoder: Weights
    """A folder of the image encoder that the adapter was trained with."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    then: Workflow | None = None
    """A workflow that goes over the result: FLUX image-to-image at 0.45, in the paper."""
    describe: Describe | None = None
    """Turns a style's name into a description; nobody for the name as it is."""
    adapter_scale: float = 0.6
    """Weight of the image against the words, 0 to 1."""
    steps: int = 21
    guidance: float = 6.0
    strength: float = 0.9
    """Noise to begin with, 0 to 1."""
    control: float = 0.9
    """Weight of the edges, 0 to 1."""
    control_until: float = 0.7
    """Share of the steps after which the edges no longer hold: above 0, to 1."""
    canny_low: int = 100
    canny_high: int = 200
    size_px: int = 1024
    batch_size: int = 4

    def params(self) -> Mapping[str, object]:
        """The checkpoints and all that changes an answer."""
        return {
            **self.weights.params(),
            **self.runtime.params(),
            "controlnet": self.controlnet.params(),
            "adapter": self.adapter.params(),
            "encoder": self.encoder.params(),
            "adapter_scale": self.adapter_scale,
            "steps": self.steps,
            "guidance": self.guidance,
            "strength": self.strength,
            "control": [self.control, self.control_until, self.canny_low, self.canny_high],
            "size_px": self.size_px,
            "describe": self.describe.params() if self.describe else None,
            "then": _named(self.then) if self.then else None,
        }

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """Each image in its style, wherever its mask is True."""
        framing = Framing(size_px=self.size_px, whole_image=True)
        jobs = jobs_for(requests, framing, self.describe)
        first = painted(jobs, self._answers, batch_size=self.batch_size)
        return over(requests, first, self.then) if self.then else first

    def spec(self) -> DiffusersSpec:
        """What is loaded."""
        controlnet = Extra(
            slot="controlnet", class_name="diffusers.ControlNetModel", weights=self.controlnet
        )
        return DiffusersSpec(
            pipeline="StableDiffusionXLControlNetImg2ImgPipeline",
            weights=self.weights,
            runtime=self.runtime,
            extras=(controlnet,),
            image_prompt=ImagePrompt(adapter=self.adapter, encoder=self.encoder),
            working_bytes=working_bytes(
                self.runtime, size_px=self.size_px, batch_size=self.batch_size
            ),
        )

    def _answers(self, jobs: Sequence[Job]) -> list[Rgb | Fault]:
        height, width = jobs[0].crop.size
        shown = [job.crop.rgb for job in jobs]
        canny = Canny(low=self.canny_low, high=self.canny_high)
        images, edges = to_tensor(shown), to_tensor([canny.edges(rgb) for rgb in shown])
        noise = generators([job.request for job in jobs])
        with self.host.use(self.spec()) as pipeline:
            # Workflows that differ in the scale alone share one pipeline.
            pipeline.set_ip_adapter_scale(self.adapter_scale)
            answer = pipeline(
                **encoded(pipeline, [job.prompt for job in jobs]),
                ip_adapter_image_embeds=image_prompts(pipeline, shown, guided=self.guidance > 1),
                image=images,
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


def over(
    requests: Sequence[PaintRequest], first: Sequence[Painting | Fault], then: Workflow
) -> list[Painting | Fault]:
    """The paintings gone over by another workflow, which sees them in their images."""
    sound = [i for i, painting in enumerate(first) if isinstance(painting, Painting)]
    seen = [
        replace(requests[i], image=rendered(requests[i].image, painting))
        for i in sound
        if isinstance(painting := first[i], Painting)
    ]
    second = dict(zip(sound, then.paint(seen) if seen else [], strict=True))
    return [
        joined(request, painting, second[i]) if isinstance(painting, Painting) else painting
        for i, (request, painting) in enumerate(zip(requests, first, strict=True))
    ]


def rendered(image: Rgb, *paintings: Painting) -> Rgb:
    """The image with paintings put on, one over the other."""
    canvas = image.copy()
    for painting in paintings:
        canvas[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return canvas


def joined(request: PaintRequest, first: Painting, second: Painting | Fault) -> Painting | Fault:
    """Two paintings, one over the other, as one."""
    if isinstance(second, Fault):
        return second
    touched = np.zeros_like(request.mask)
    for painting in (first, second):
        touched[painting.box.slices] |= painting.alpha
    box = Box.around(touched)
    canvas = rendered(request.image, first, second)
    return Painting(box=box, rgb=canvas[box.slices], alpha=touched[box.slices])


def _named(workflow: Workflow) -> dict[str, object]:
    return {"workflow": workflow.name, "version": workflow.version, **workflow.params()}
