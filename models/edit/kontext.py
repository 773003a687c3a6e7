"""FLUX.1 Kontext: a whole image edited in words, several in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.batches import in_batches
from models.edit.editor import EditRequest
from models.edit.sizes import output_size, refused, sized
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import Host
from models.loading.diffusers_spec import EditorSpec, decoding_bytes
from models.pipeline_pixels import to_pixels, to_tensor
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class KontextEditor(Recorded):
    """Edits by one image and its instruction; it takes no reference."""

    name = "flux_kontext"
    version = "1"

    weights: Weights
    """A folder of FLUX.1 Kontext."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    steps: int = 28
    guidance: float = 2.5
    area_px: int = 1024 * 1024
    """Pixels of the answer, at the source's aspect."""
    max_sequence_length: int = 512
    """Tokens of the prompt, padded to exactly so many."""
    batch_size: int = 4

    def setup(self) -> None:
        """Load the pipeline."""
        with self.host.use(self.spec()):
            pass

    def spec(self) -> EditorSpec:
        """What is loaded."""
        side = round(self.area_px**0.5)
        return EditorSpec(
            pipeline="FluxKontextPipeline",
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=decoding_bytes(
                self.runtime.dtype, size_px=side, batch_size=self.batch_size
            ),
        )

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each request, of about `area_px` pixels at its image's aspect."""
        faults = [_refused(request) for request in requests]
        sound = [r for r, fault in zip(requests, faults, strict=True) if not fault]
        answers = iter(
            in_batches(sound, self._answers, size=self.batch_size, alike=self._output_size)
        )
        return [fault or next(answers) for fault in faults]

    def _output_size(self, request: EditRequest) -> tuple[int, int]:
        height, width = request.image.shape[:2]
        return output_size(height, width, self.area_px)

    def _answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        import torch

        height, width = self._output_size(requests[0])
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


def _refused(request: EditRequest) -> Fault | None:
    if request.reference is not None:
        return Fault(reason=Reason.UNPAINTABLE, detail="FLUX.1 Kontext takes no reference image")
    return refused(request)
