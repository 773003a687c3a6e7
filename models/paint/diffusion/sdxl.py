"""What SDXL's workflows share: prompts as embeddings, and what a pass costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.loading.diffusers_spec import decoding_bytes
from models.paint.diffusion.jobs import Job
from models.paint.diffusion.pipeline_workflow import PipelineWorkflow
from models.paint.diffusion.prompts import Prompt

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


def flops_per_pass(config: Mapping[str, Any], *, size_px: int = 1024) -> int:
    """Floating point operations of one pass of the UNet for one image, two for a multiply-add.

    Counted by torch on the meta device, where tensors have shapes and no numbers. With
    classifier-free guidance a step takes two passes.

    Args:
        config: The UNet's `config.json`.
        size_px: Side of the image.
    """
    import torch
    from diffusers import UNet2DConditionModel
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(dict(config)).eval()
        ids = torch.empty(1, 6)
        pooled = unet.config.projection_class_embeddings_input_dim - (
            6 * unet.config.addition_time_embed_dim
        )
        side = size_px // 8
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            unet(
                torch.empty(1, unet.config.in_channels, side, side),
                torch.empty(1),
                torch.empty(1, 77, unet.config.cross_attention_dim),
                added_cond_kwargs={"text_embeds": torch.empty(1, pooled), "time_ids": ids},
            )
    return int(counter.get_total_flops())
