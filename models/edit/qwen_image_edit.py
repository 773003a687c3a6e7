"""Qwen-Image-Edit, in its releases from 2509 on: image and instruction read by Qwen2.5-VL."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from models.edit.editor import EditRequest
from models.edit.pipeline_editor import PipelineEditor, within
from models.faults import Fault
from models.geometry import Rgb
from models.loading.diffusers_spec import decoding_bytes
from models.pipeline_pixels import resized, to_pixels

_SEEN_PX = 1024 * 1024
"""Pixels at which the pipeline encodes each image, whatever the answer's size."""
_CELL_PX = 32
"""Sides of what it encodes are multiples of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenImageEditor(PipelineEditor):
    """Edits one image at a time: the pipeline takes no batches."""

    name = "qwen_image_edit"
    version = "1"
    pipeline = "QwenImageEditPlusPipeline"

    steps: int = 40
    guidance: float = 4.0
    """True classifier-free guidance: above 1, each step takes two passes."""
    negative: str = " "

    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""
        return decoding_bytes(self.runtime.dtype, size_px=round(_SEEN_PX**0.5))

    def answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """The image of one request."""
        import torch
        from PIL import Image

        (request,) = requests
        height, width = _size(request.image, self.area_px)
        shown = [resized(request.image, *_size(request.image, _SEEN_PX))]
        if request.reference is not None:
            shown.append(within(request.reference, _SEEN_PX))
        guided: dict[str, Any] = {"negative_prompt": self.negative} if self.guidance > 1 else {}
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                image=[Image.fromarray(image) for image in shown],
                prompt=request.instruction,
                true_cfg_scale=self.guidance,
                height=height,
                width=width,
                num_inference_steps=self.steps,
                generator=torch.Generator("cpu").manual_seed(request.seed),
                output_type="pt",
                **guided,
            )
        return to_pixels(answer.images)


def _size(image: Rgb, area_px: int) -> tuple[int, int]:
    """Height and width as the pipeline itself would choose them for an area."""
    aspect = image.shape[1] / image.shape[0]
    sides = (sqrt(area_px / aspect), sqrt(area_px * aspect))
    rows, cols = (max(_CELL_PX, round(side / _CELL_PX) * _CELL_PX) for side in sides)
    return rows, cols
