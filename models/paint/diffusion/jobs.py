"""From requests to paintings: words, crop, call the pipeline batch by batch, stitch."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol, cast

from models.batches import in_batches
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.paint.diffusion.crop import Crop, crop_around, grown_mask, stitch, whole
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Words for one painting."""

    text: str
    negative: str
    """What must not be seen; models without classifier-free guidance take none."""


class Describe(Protocol):
    """Turns the nouns of requests into descriptions of subjects: "an oak bench with iron arms"."""

    def params(self) -> Mapping[str, object]:
        """What its words depend on: part of a recipe."""

    def __call__(self, requests: Sequence[PaintRequest]) -> list[str | Fault]:
        """A noun phrase for each request's target, of at most some fifty words."""


def prompts_for(
    requests: Sequence[PaintRequest], describe: Describe | None = None
) -> list[Prompt | Fault]:
    """Words for each request; described ones where there is somebody to describe.

    An erased or isolated object has no target to describe: nobody is asked about it.
    """
    asked = [i for i, r in enumerate(requests) if describe and r.kind in _DESCRIBED]
    told = describe([requests[i] for i in asked]) if describe and asked else []
    whats = dict(zip(asked, told, strict=True))
    return [_prompt(request, whats.get(i)) for i, request in enumerate(requests)]


_DESCRIBED = frozenset(
    {PaintKind.INSERT, PaintKind.RECOLOUR, PaintKind.BACKDROP, PaintKind.STYLISE}
)


def _prompt(request: PaintRequest, what: str | Fault | None) -> Prompt | Fault:
    if isinstance(what, Fault):
        return what
    if request.kind is None or request.kind not in _templates():
        detail = f"there are no words for {str(request.kind)!r}"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    target = request.target.phrase
    if request.kind in _DESCRIBED and not (what or target):
        detail = f"{request.kind} of {request.name!r} names no target"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    slots = {"name": request.name, "target": target, "what": what or target}
    template = _templates()[request.kind]
    return Prompt(**{key: text.format(**slots) for key, text in template.items()})


@cache
def _templates() -> Mapping[str, Mapping[str, str]]:
    text = files("models.paint.diffusion").joinpath("prompts.toml").read_text("utf-8")
    return cast(Mapping[str, Mapping[str, str]], tomllib.loads(text))


def words(prompt: Prompt | Fault) -> Prompt:
    """The prompt.

    Raises:
        FaultError: There is none.
    """
    if isinstance(prompt, Fault):
        raise FaultError(prompt.reason, prompt.detail)
    return prompt


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
