"""FLUX.1's workflows, and what they share: the memory of a batch, what a step costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.loading.diffusers_spec import DiffusersSpec, Extra, decoding_bytes
from models.paint.diffusion.canny import Canny
from models.paint.diffusion.crop import Crop
from models.paint.diffusion.jobs import Framing, Job
from models.paint.diffusion.pipeline_workflow import PipelineWorkflow
from models.painting import PaintRequest
from models.pipeline_pixels import to_mask
from models.vocabulary import PaintKind
from models.weights import CheckpointError, Weights

_MLP_RATIO = 4
"""Of both kinds of block; it is no key of the configuration."""
_FILL_CHANNELS = 2 * 64 + 16 * 16
"""Of each token: the noisy latents, those of the masked image, and the mask's own pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSpec(DiffusersSpec):
    """FLUX.1 Fill. Diffusers would load any FLUX.1 as one, and fail at the first step."""

    def load(self, device: str) -> Any:  # noqa: ANN401 - diffusers' pipelines are untyped
        """The pipeline, ready to be called.

        Raises:
            CheckpointError: As `DiffusersSpec`, or it is another FLUX.1 than Fill.
        """
        try:
            text = (self.weights.path / "transformer" / "config.json").read_text("utf-8")
            channels = json.loads(text).get("in_channels")
        except (OSError, ValueError) as error:
            msg = f"transformer of {self.weights.source}: config.json: {error}"
            raise CheckpointError(msg) from error
        if channels != _FILL_CHANNELS:
            msg = (
                f"transformer of {self.weights.source} takes {channels} channels; FLUX.1 Fill's "
                f"takes {_FILL_CHANNELS}. Name a checkpoint of FLUX.1 Fill"
            )
            raise CheckpointError(msg)
        return DiffusersSpec.load(self, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxWorkflow(PipelineWorkflow):
    """A workflow of any of FLUX.1's pipelines."""

    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""

    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""
        dtype = self.runtime.dtype
        return decoding_bytes(dtype, size_px=self.size_px, batch_size=self.batch_size)

    def words(self, pipeline: Any, jobs: Sequence[Job]) -> Mapping[str, Any]:  # noqa: ANN401 - untyped
        """The prompts."""
        del pipeline
        prompts = [job.prompt.text for job in jobs]
        return {"prompt": prompts, "max_sequence_length": self.max_sequence_length}


def flops_per_step(config: Mapping[str, Any], image_tokens: int, text_tokens: int) -> float:
    """Floating-point operations of one denoising step of one image; a multiply-add counts as two.

    A double block gives each stream its own matrices, a single block runs both through one set:
    per token either way 4 d² for queries, keys, values and output and 8 d² for the MLP. Attention
    spans all tokens. Norms, embeddings and modulation are below 0.1 %.

    Args:
        config: The transformer's: `num_layers`, `num_single_layers`, `num_attention_heads` and
            `attention_head_dim`.
        image_tokens: Pixels over 256: 4,096 at 1024 x 1024.
        text_tokens: Text tokens, and Redux's 729 where it is used.
    """
    width = config["num_attention_heads"] * config["attention_head_dim"]
    blocks = config["num_layers"] + config["num_single_layers"]
    tokens = image_tokens + text_tokens
    matrices = 2 * tokens * (4 + 2 * _MLP_RATIO) * width**2
    attention = 2 * 2 * tokens**2 * width
    return float(blocks * (matrices + attention))


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxFill(FluxWorkflow):
    """Paints inside a mask what the words say; the settings are the public pipeline's."""

    name = "flux_fill"
    version = "1"
    pipeline = "FluxFillPipeline"
    loader = FillSpec

    steps: int = 12
    guidance: float = 30.0
    context: float = 1.2
    min_grow_px: int = 32
    """Least growth of the mask, for an image 1024 px on its short side; none for a backdrop."""

    def framing(self) -> Framing:
        """The grown mask and its surroundings."""
        return SubjectKept(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks."""
        return {"mask_image": to_mask([job.crop.hole for job in jobs])}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxCanny(FluxWorkflow):
    """Gives a masked object another colour or material and keeps its geometry.

    Its checkpoint is FLUX.1-dev.
    """

    name = "flux_canny"
    version = "1"
    pipeline = "FluxControlNetInpaintPipeline"

    controlnet: Weights
    """A folder of a ControlNet of FLUX.1-dev that was trained on Canny edges alone."""
    steps: int = 28
    guidance: float = 3.5
    strength: float = 0.9
    """Noise to begin with, 0 to 1, and the share of the steps that are done."""
    control: float = 0.9
    """Weight of the edges, 0 to 1."""
    control_until: float = 0.7
    """Share of the steps after which the edges no longer hold, 0 to 1."""
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
        return (Extra.controlnet("FluxControlNetModel", self.controlnet),)

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """The masks and the edges."""
        edges = Canny(low=self.canny_low, high=self.canny_high)
        return {
            "mask_image": to_mask([job.crop.hole for job in jobs]),
            "strength": self.strength,
            **edges.control(jobs, weight=self.control, until=self.control_until),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxImageToImage(FluxWorkflow):
    """Redraws an image; the paper goes over a style with it (`SdxlStyle.then`)."""

    name = "flux_image_to_image"
    version = "1"
    pipeline = "FluxImg2ImgPipeline"

    steps: int = 28
    guidance: float = 3.5
    strength: float = 0.45
    """Noise to begin with, 0 to 1, and the share of the steps that are done."""

    def inputs(self, jobs: Sequence[Job]) -> Mapping[str, Any]:
        """How far it may go."""
        del jobs
        return {"strength": self.strength}
