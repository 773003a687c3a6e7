"""What FLUX.1's workflows share: the spec of Fill, the memory of a batch, what a step costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.loading.diffusers_spec import DiffusersSpec, decoding_bytes
from models.paint.diffusion.jobs import Job
from models.paint.diffusion.pipeline_workflow import PipelineWorkflow
from models.weights import CheckpointError

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
