"""SDXL's workflows, and what they share: prompts as embeddings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.faults import Fault
from models.geometry import Box, Rgb
from models.loading.diffusers_spec import DiffusersSpec, Extra, decoding_bytes
from models.loading.image_prompts import ImagePrompt, image_prompts
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.jobs import Framing, Job, Prompt
from models.paint.diffusion.pipeline_workflow import PipelineWorkflow
from models.paint.workflows import Workflow
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import to_mask
from models.weights import Weights

if TYPE_CHECKING:
    import torch


_EMBEDDINGS = (
    "prompt_embeds",
    "negative_prompt_embeds",
    "pooled_prompt_embeds",
    "negative_pooled_prompt_embeds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlWorkflow(PipelineWorkflow):
    """A workflow of any of SDXL's pipelines."""

    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""
        # SDXL's VAE overflows in float16: diffusers runs it in float32 then.
        dtype = "float32" if self.runtime.dtype == "float16" else self.runtime.dtype
        return decoding_bytes(dtype, size_px=self.size_px, batch_size=self.batch_size)

    def words(self, pipeline: Any, jobs: Sequence[Job]) -> Mapping[str, Any]:  # noqa: ANN401 - untyped
        """The prompts' embeddings."""
        return encoded(pipeline, [job.prompt for job in jobs])


def encoded(pipeline: Any, prompts: Sequence[Prompt]) -> "dict[str, torch.Tensor]":  # noqa: ANN401
    """Arguments of a call for a batch of prompts; each distinct one is encoded once.

    Args:
        pipeline: Any of SDXL's.
        prompts: One for each image.
    """
    import torch

    distinct = list(dict.fromkeys(prompts))
    with torch.no_grad():
        tensors = pipeline.encode_prompt(
            prompt=[prompt.text for prompt in distinct],
            negative_prompt=[prompt.negative for prompt in distinct],
            device=pipeline._execution_device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=True,
        )
    rows = [distinct.index(prompt) for prompt in prompts]
    return {name: tensor[rows] for name, tensor in zip(_EMBEDDINGS, tensors, strict=True)}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlCanny(SdxlWorkflow):
    """Gives a masked object another colour or material and keeps its geometry.

    Its checkpoint is an SDXL pipeline, for inpainting or plain.
    """

    name = "sdxl_canny"
    version = "1"
    pipeline = "StableDiffusionXLControlNetInpaintPipeline"

    controlnet: Weights
    """A folder of a ControlNet of SDXL that was trained on Canny edges."""
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
    context: float = 1.2
    min_grow_px: int = 0
    """Least growth of the mask, for an image 1024 px on its short side."""

    def framing(self) -> Framing:
        """The mask and its surroundings."""
        return Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)

    def extras(self) -> tuple[Extra, ...]:
        """The ControlNet."""
        return (Extra.controlnet("ControlNetModel", self.controlnet),)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks and the edges."""
        edges = Canny(low=self.canny_low, high=self.canny_high)
        return {
            "mask_image": to_mask([job.crop.hole for job in jobs]),
            "strength": self.strength,
            **edges.control(jobs, weight=self.control, until=self.control_until),
        }


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
