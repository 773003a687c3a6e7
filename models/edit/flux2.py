"""FLUX.2 and FLUX.2-klein: a whole image edited in words, with a reference beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.edit.editor import EditRequest
from models.edit.pipeline_editor import PipelineEditor, sized, within
from models.faults import Fault
from models.geometry import Rgb
from models.pipeline_pixels import to_pixels

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Flux2KleinEditor(PipelineEditor):
    """FLUX.2-klein, whose text model is Qwen3.

    The pipeline shows the same images to all prompts of a call, so that a batch shares the reading
    of its prompts and is then painted one by one. At 8,192 tokens and more for an image and its
    source, a larger batch would gain little.
    """

    name = "flux2_klein"
    version = "1"
    pipeline = "Flux2KleinPipeline"

    steps: int = 4
    """For the distilled checkpoints; the base ones take 50."""
    guidance: float = 1.0
    """The distilled checkpoints know none; the base ones take 4."""
    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""
    batch_size: int = 8

    @property
    def at_once(self) -> int:
        """The most requests of a call."""
        return self.batch_size

    def answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each of alike requests."""
        shown = [self._shown(request) for request in requests]
        with self.host.use(self.spec()) as pipeline:
            words = self._encoded(pipeline, [request.instruction for request in requests])
            made = [
                self._one(pipeline, images, words[i : i + 1], request.seed)
                for i, (request, images) in enumerate(zip(requests, shown, strict=True))
            ]
        return [to_pixels(image)[0] for image in made]

    def _shown(self, request: EditRequest) -> "list[Image]":
        """The source at the answer's size, then the reference."""
        from PIL import Image

        images = [sized(request.image, self.area_px)]
        if request.reference is not None:
            images.append(within(request.reference, self.area_px))
        return [Image.fromarray(image) for image in images]

    def _encoded(self, pipeline: Any, prompts: list[str]) -> "torch.Tensor":  # noqa: ANN401 - untyped
        import torch

        with torch.no_grad():
            words: torch.Tensor = pipeline.encode_prompt(
                prompts, max_sequence_length=self.max_sequence_length
            )[0]
        return words

    def _one(
        self,
        pipeline: Any,  # noqa: ANN401 - diffusers' pipelines are untyped
        images: "list[Image]",
        words: "torch.Tensor",
        seed: int,
    ) -> "torch.Tensor":
        import torch

        width, height = images[0].size
        answer: torch.Tensor = pipeline(
            image=images,
            prompt_embeds=words,
            height=height,
            width=width,
            num_inference_steps=self.steps,
            guidance_scale=self.guidance,
            max_sequence_length=self.max_sequence_length,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="pt",
        ).images
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Flux2Editor(Flux2KleinEditor):
    """FLUX.2-dev, whose text model is Mistral 3."""

    name = "flux2"
    pipeline = "Flux2Pipeline"

    steps: int = 50
    guidance: float = 4.0
    """An input of the transformer: it costs no second pass."""
