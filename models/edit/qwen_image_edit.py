"""Qwen-Image-Edit, in its releases from 2509 on: image and instruction read by Qwen2.5-VL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from models.batches import in_batches
from models.edit.editor import EditRequest
from models.edit.sizes import refused, within
from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host
from models.loading.diffusers_spec import EditorSpec, decoding_bytes
from models.pipeline_pixels import resized, to_pixels
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights

_SEEN_PX = 1024 * 1024
"""Pixels at which the pipeline encodes each image, whatever the answer's size."""
_CELL_PX = 32
"""Sides of what it encodes are multiples of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenImageEditor(Recorded):
    """Edits one image at a time: the pipeline takes no batches."""

    name = "qwen_image_edit"
    version = "1"

    weights: Weights
    """A folder of Qwen-Image-Edit-2509 or later."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    steps: int = 40
    guidance: float = 4.0
    """True classifier-free guidance: above 1, each step takes two passes."""
    negative: str = " "
    area_px: int = 1024 * 1024
    """Pixels of the answer, at the source's aspect."""

    def setup(self) -> None:
        """Load the pipeline."""
        with self.host.use(self.spec()):
            pass

    def spec(self) -> EditorSpec:
        """What is loaded."""
        return EditorSpec(
            pipeline="QwenImageEditPlusPipeline",
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=decoding_bytes(self.runtime.dtype, size_px=1024),
        )

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each request, of about `area_px` pixels at its image's aspect."""
        return in_batches(requests, self._answers, size=1)

    def _answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        import torch
        from PIL import Image

        (request,) = requests
        if fault := refused(request):
            return [fault]
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
