"""SDXL with edges and an image prompt: how the paper paints a photograph in another style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.faults import Fault
from models.geometry import Box, Rgb
from models.loading.diffusers_spec import DiffusersSpec, Extra
from models.loading.image_prompts import ImagePrompt, image_prompts
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.jobs import Job
from models.paint.diffusion.sdxl import SdxlWorkflow
from models.paint.workflow import Workflow
from models.painting import Painting, PaintRequest
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlStyle(SdxlWorkflow):
    """Renders a whole image in a style; edges keep its layout, an IP-Adapter its content."""

    name = "sdxl_style"
    version = "1"
    pipeline = "StableDiffusionXLControlNetImg2ImgPipeline"

    controlnet: Weights
    """A folder of a ControlNet of SDXL that was trained on Canny edges."""
    adapter: Weights
    """A plain IP-Adapter of SDXL: one safetensors file."""
    encoder: Weights
    """A folder of the image encoder that the adapter was trained with."""
    then: Workflow | None = None
    """A workflow that goes over the result: FLUX image-to-image at 0.45, in the paper."""
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

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """Each image in its style, wherever its mask is True."""
        first = SdxlWorkflow.paint(self, requests)
        return over(requests, first, self.then) if self.then else first

    def spec(self) -> DiffusersSpec:
        """What is loaded."""
        shown = ImagePrompt(adapter=self.adapter, encoder=self.encoder)
        return replace(SdxlWorkflow.spec(self), image_prompt=shown)

    def extras(self) -> tuple[Extra, ...]:
        """The ControlNet."""
        return (Extra.controlnet("ControlNetModel", self.controlnet),)

    def words(self, pipeline: Any, jobs: Sequence[Job]) -> Mapping[str, Any]:  # noqa: ANN401 - untyped
        """The prompts, and the images as prompts."""
        # Workflows that differ in the scale alone share one pipeline.
        pipeline.set_ip_adapter_scale(self.adapter_scale)
        shown = [job.crop.rgb for job in jobs]
        seen = image_prompts(pipeline, shown, guided=self.guidance > 1)
        return {**SdxlWorkflow.words(self, pipeline, jobs), "ip_adapter_image_embeds": seen}

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The edges."""
        edges = Canny(low=self.canny_low, high=self.canny_high)
        control = edges.control(jobs, weight=self.control, until=self.control_until)
        return {"strength": self.strength, **control}


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
