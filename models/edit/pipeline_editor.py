"""What every editor of one diffusers pipeline shares: what is loaded, and sizes of images."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import ClassVar

from models.batches import in_batches
from models.edit.editor import EditRequest
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import Host
from models.loading.diffusers_spec import EditorSpec, decoding_bytes
from models.pipeline_pixels import resized
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights

CELL_PX = 16
"""Sides are multiples of this: latents at 1/8, packed by two."""
LEAST_PX = 64
"""FLUX.2 takes no image with a shorter side."""
MOST_ASPECT = 8.0
"""Long side to short side; FLUX.2 takes no image beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineEditor(Recorded, ABC):
    """Words, images and noise in; images out. An editor adds what its own pipeline takes."""

    pipeline: ClassVar[str]
    """The pipeline's class in diffusers."""

    weights: Weights
    """A folder of the pipeline."""
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    steps: int
    guidance: float
    area_px: int = 1024 * 1024
    """Pixels of the answer, at the source's aspect."""

    @property
    def at_once(self) -> int:
        """The most requests of a call."""
        return 1

    def setup(self) -> None:
        """Load the pipeline."""
        with self.host.use(self.spec()):
            pass

    def spec(self) -> EditorSpec:
        """What is loaded."""
        return EditorSpec(
            pipeline=self.pipeline,
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=self.working_bytes(),
        )

    def working_bytes(self) -> int:
        """Memory of a batch besides the weights."""
        return decoding_bytes(self.runtime.dtype, size_px=round(self.area_px**0.5))

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each request, of about `area_px` pixels at its image's aspect."""
        faults = [self.refused(request) for request in requests]
        sound = [r for r, fault in zip(requests, faults, strict=True) if not fault]
        answers = iter(in_batches(sound, self.answers, size=self.at_once, alike=self.alike))
        return [fault or next(answers) for fault in faults]

    def refused(self, request: EditRequest) -> Fault | None:
        """Why it would not take the request's images, if it would not."""
        for image in (request.image, request.reference):
            if image is not None and max(image.shape[:2]) > MOST_ASPECT * min(image.shape[:2]):
                height, width = image.shape[:2]
                detail = f"an image of {width} x {height} px is longer than {MOST_ASPECT:g} to 1"
                return Fault(reason=Reason.UNPAINTABLE, detail=detail)
        return None

    def alike(self, request: EditRequest) -> Hashable:
        """What requests of one call have in common."""
        del request
        return None

    @abstractmethod
    def answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each of alike requests."""


def output_size(height: int, width: int, area_px: int) -> tuple[int, int]:
    """Height and width of an editor's answer: the image's aspect, no more than `area_px` pixels.

    Both sides go down to a multiple of 16 alike: a pipeline shrinks what is larger than the area
    once more, and the answer would be shifted against its source.
    """
    aspect = width / height
    sides = (sqrt(area_px / aspect), sqrt(area_px * aspect))
    rows, cols = (max(LEAST_PX, int(side) // CELL_PX * CELL_PX) for side in sides)
    return rows, cols


def sized(image: Rgb, area_px: int) -> Rgb:
    """The image at its output size."""
    height, width = image.shape[:2]
    return resized(image, *output_size(height, width, area_px))


def within(image: Rgb, area_px: int) -> Rgb:
    """The image at no more than `area_px` pixels; a small one keeps its size, but for cells."""
    height, width = image.shape[:2]
    return sized(image, min(area_px, height * width))
