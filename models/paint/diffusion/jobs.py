"""From requests to paintings: crop, call the pipeline batch by batch, stitch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.batches import in_batches
from models.faults import Fault, FaultError
from models.geometry import Rgb
from models.paint.diffusion.crop import Crop, crop_around, stitch, whole
from models.paint.diffusion.grow import grown_mask
from models.paint.diffusion.prompts import Describe, Prompt, prompts_for, words
from models.painting import Painting, PaintRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request as a pipeline takes it."""

    request: PaintRequest
    crop: Crop
    prompt: Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What part of an image a model sees."""

    size_px: int = 1024
    """The model's side: its image has about as many pixels as a square of it."""
    context: float = 1.2
    """Sides of the window against those of the grown mask's box."""
    min_grow_px: int = 0
    """Least growth of the mask, for an image 1024 px on its short side."""
    whole_image: bool = False
    """Show all of the image, and grow nothing."""

    def crop(self, request: PaintRequest) -> Crop:
        """The request's image as the model sees it.

        Raises:
            FaultError: EMPTY_MASK.
        """
        if self.whole_image:
            return whole(request.image, request.mask, size_px=self.size_px)
        mask, grown_px = grown_mask(request, min_grow_px=self.min_grow_px)
        return crop_around(
            request.image, mask, size_px=self.size_px, grown_px=grown_px, context=self.context
        )


def jobs_for(
    requests: Sequence[PaintRequest], framing: Framing, describe: Describe | None = None
) -> list[Job | Fault]:
    """Each request cropped and put into words, or why that cannot be."""
    made: list[Job | Fault] = []
    for request, prompt in zip(requests, prompts_for(requests, describe), strict=True):
        try:
            job = Job(request=request, crop=framing.crop(request), prompt=words(prompt))
            made.append(job)
        except FaultError as error:
            made.append(error.fault)
    return made


def painted(
    jobs: Sequence[Job | Fault],
    call: Callable[[Sequence[Job]], Sequence[Rgb | Fault]],
    *,
    batch_size: int,
) -> list[Painting | Fault]:
    """The jobs done in batches of crops of one size, stitched, in order.

    Args:
        jobs: What to paint; a fault stays what it is.
        call: Paints alike jobs: an image of the crop's size, or a fault, for each.
        batch_size: The most jobs of a call.
    """
    sound = [job for job in jobs if not isinstance(job, Fault)]
    answers = iter(in_batches(sound, call, size=batch_size, alike=lambda job: job.crop.size))
    return [job if isinstance(job, Fault) else _stitched(job, next(answers)) for job in jobs]


def _stitched(job: Job, answer: Rgb | Fault) -> Painting | Fault:
    return answer if isinstance(answer, Fault) else stitch(job.crop, answer)
