"""FLUX.1 Fill shown the object by FLUX.1 Redux: the object alone on white, completed.

What the photograph shows of the object is kept to the pixel, in the middle of a white canvas. The
model paints only around it and at its rim: what was hidden or cut off can grow there, alike to
the object since Redux gives its tokens beside the words, and the rest becomes clean white.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.faults import Fault, FaultError
from models.geometry import Rgb
from models.loading.diffusers_spec import DiffusersSpec, Extra
from models.paint.diffusion.flux import FillSpec, FluxWorkflow
from models.paint.diffusion.jobs import Framing, Job
from models.paint.diffusion.on_white import OnWhite, on_white
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import to_mask
from models.weights import Weights

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxReduxFill(FluxWorkflow):
    """Isolates objects, also for the reference images of visual edits.

    Its checkpoint is FLUX.1 Fill; a `FluxFill` of the same settings shares it.
    """

    name = "flux_redux_fill"
    version = "1"
    pipeline = "FluxFillPipeline"
    loader = FillSpec

    redux: Weights
    """A folder of FLUX.1 Redux: SigLIP so400m/14-384 and an embedder."""
    steps: int = 15
    guidance: float = 40.0
    redux_scale: float = 1.0
    """What Redux's tokens are multiplied by: less leaves more to the words."""
    room_frac: float = 0.25
    """How far around the object may be painted, as a share of its longer side."""
    context: float = 1.2
    """Sides of the window against those of what may be painted."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """The object of each request on a white canvas as large as its image."""
        staged = [self._staged(request) for request in requests]
        sound = [stage for stage in staged if not isinstance(stage, Fault)]
        answers = iter(FluxWorkflow.paint(self, [request for request, _ in sound]))
        return [s if isinstance(s, Fault) else _completed(s[1], next(answers)) for s in staged]

    def framing(self) -> Framing:
        """What may be painted, and its surroundings."""
        return Framing(size_px=self.size_px, context=self.context)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks, and what Redux sees of the objects."""
        portraits = [OnWhite(canvas=j.request.image, open=j.request.mask).portrait() for j in jobs]
        with self.host.use(self.redux_spec()) as redux:
            seen = self.redux_scale * _image_tokens(redux, portraits)
        return {"mask_image": to_mask([job.crop.hole for job in jobs]), "prompt_embeds": seen}

    def arguments(
        self,
        pipeline: Any,  # noqa: ANN401 - diffusers' pipelines are untyped
        jobs: Sequence[Job],
        inputs: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """The words' tokens with the images' after them."""
        prompts = [job.prompt.text for job in jobs]
        seen = inputs["prompt_embeds"]
        tokens, pooled = _words_and(seen, pipeline, prompts, self.max_sequence_length)
        return {**inputs, "prompt_embeds": tokens, "pooled_prompt_embeds": pooled}

    def redux_spec(self) -> DiffusersSpec:
        """What looks at the object."""
        # model_index.json names the embedder's library "flux": a folder of diffusers.
        embedder = Extra(
            slot="image_embedder",
            class_name="diffusers.pipelines.flux.ReduxImageEncoder",
            weights=self.redux,
            subfolder="image_embedder",
        )
        return DiffusersSpec(
            pipeline="FluxPriorReduxPipeline",
            weights=self.redux,
            # Adapters are made for the transformer, which is not in this pipeline.
            runtime=replace(self.runtime, loras=()),
            extras=(embedder,),
        )

    def _staged(self, request: PaintRequest) -> tuple[PaintRequest, OnWhite] | Fault:
        """The canvas as a request of its own: what is open is the mask."""
        try:
            stage = on_white(request, room_frac=self.room_frac)
        except FaultError as error:
            return error.fault
        return replace(request, image=stage.canvas, mask=stage.open, grow_px=0), stage


def _image_tokens(redux: Any, images: Sequence[Rgb]) -> "torch.Tensor":  # noqa: ANN401 - untyped
    """Redux's tokens of each image: n x 729 x width of the text.

    Not by calling the pipeline, which adds up the tokens of all images of a call into one.
    """
    import torch

    with torch.no_grad():
        encoded = redux.encode_image(list(images), redux._execution_device, 1)
        tokens: torch.Tensor = redux.image_embedder(encoded).image_embeds
    return tokens


def _words_and(
    seen: "torch.Tensor",
    pipeline: Any,  # noqa: ANN401 - diffusers' pipelines are untyped
    prompts: Sequence[str],
    length: int,
) -> "tuple[torch.Tensor, torch.Tensor]":
    """The prompts' tokens with the images' after them, and the prompts' pooled vectors."""
    import torch

    with torch.no_grad():
        words, pooled, _ = pipeline.encode_prompt(list(prompts), max_sequence_length=length)
    return torch.cat([words, seen.to(words)], dim=1), pooled


def _completed(stage: OnWhite, answer: Painting | Fault) -> Painting | Fault:
    return answer if isinstance(answer, Fault) else stage.completed(answer)
