"""FLUX.1 Kontext: a whole image edited in words, several in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.edit.editor import EditRequest
from models.edit.pipeline_editor import PipelineEditor, output_size, sized
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.pipeline_pixels import to_pixels, to_tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class KontextEditor(PipelineEditor):
    """Edits by one image and its instruction; it takes no reference."""

    name = "flux_kontext"
    version = "1"
    pipeline = "FluxKontextPipeline"

    steps: int = 28
    guidance: float = 2.5
    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""
    batch_size: int = 4

    @property
    def at_once(self) -> int:
        """The most requests of a call."""
        return self.batch_size

    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""
        return self.batch_size * PipelineEditor.working_bytes(self)

    def refused(self, request: EditRequest) -> Fault | None:
        """Why it would not take the request's images, if it would not."""
        if request.reference is not None:
            detail = "FLUX.1 Kontext takes no reference image"
            return Fault(reason=Reason.UNPAINTABLE, detail=detail)
        return PipelineEditor.refused(self, request)

    def alike(self, request: EditRequest) -> tuple[int, int]:
        """Height and width of the answer."""
        height, width = request.image.shape[:2]
        return output_size(height, width, self.area_px)

    def answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each of alike requests."""
        import torch

        height, width = self.alike(requests[0])
        images = to_tensor([sized(request.image, self.area_px) for request in requests])
        noise = [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
        with self.host.use(self.spec()) as pipeline:
            answer = pipeline(
                image=images,
                prompt=[request.instruction for request in requests],
                height=height,
                width=width,
                max_area=height * width,
                # Otherwise the source is encoded at another size than the answer's.
                _auto_resize=False,
                num_inference_steps=self.steps,
                guidance_scale=self.guidance,
                max_sequence_length=self.max_sequence_length,
                generator=noise,
                output_type="pt",
            )
        return to_pixels(answer.images)
