"""What all open-vocabulary detectors share: nouns to look for, boxes to keep, regions to name."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.detect.candidates import Candidates, kept
from models.detect.detection import DetectRequest, Found
from models.faults import Fault, Reason
from models.geometry import Box, Rgb
from models.hosting import Host, ModelSpec
from models.recorded import Recorded
from models.runtime import Runtime
from models.weights import Weights

_BACKGROUND = "background"
_MOST_ASPECT = 100
"""A line of pixels: reduced to a network's size, nothing of its shorter side would be left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NounSearch:
    """An image and the nouns to look for: objects, then backgrounds."""

    image: Rgb
    nouns: tuple[str, ...]
    objects: int
    """How many of the nouns are objects."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVocabularyDetector(Recorded, ABC):
    """Looks for a caption's nouns, objects and backgrounds together, as the paper does.

    Together, so that a wall is called a wall and not, with a lower score, a picture: each box takes
    the noun that fits it best, and the near-duplicates of all nouns compete. A background that was
    found becomes a region as large as the canvas with its best score, since a background's mask is
    what the objects leave over; one that was not found is left out. Where the caption names no
    background there is one region "background".
    """

    weights: Weights
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    least_score: float = 0.1
    """A box must score this, 0 to 1."""
    nms_iou: float = 0.5
    """Of two boxes that overlap more than this, of whatever noun, the worse one is dropped."""
    max_boxes: int = 100
    """The most objects of one image."""
    least_side_px: int = 4
    batch_size: int = 8
    """Images of one batch on the device."""

    @property
    @abstractmethod
    def spec(self) -> ModelSpec[Any]:
        """The model to load."""

    @abstractmethod
    def look(self, looks: Sequence[NounSearch]) -> Sequence[Candidates | Fault]:
        """All boxes of each image, before any is left out."""

    def setup(self) -> None:
        """Load the model, so that a broken checkpoint shows before the first batch."""
        with self.host.use(self.spec):
            pass

    def detect(self, requests: Sequence[DetectRequest]) -> list[tuple[Found, ...] | Fault]:
        """Objects best first, then backgrounds best first.

        An image without a noun to look for, or in which no object was found, is a `NO_OBJECT`
        fault; one for which the model answers with NaN or infinite numbers a `BAD_PIXELS` fault.
        """
        looks = [self._look(request) for request in requests]
        answers = iter(self.look([look for look in looks if isinstance(look, NounSearch)]))
        return [
            look if isinstance(look, Fault) else self._found(look, next(answers)) for look in looks
        ]

    def _look(self, request: DetectRequest) -> NounSearch | Fault:
        objects = _distinct(request.object_nouns)
        if not objects:
            return Fault(reason=Reason.NO_OBJECT, detail="the caption names no object to look for")
        height, width = request.image.shape[:2]
        if min(width, height) < max(self.least_side_px, max(width, height) / _MOST_ASPECT):
            detail = f"a {width} x {height} image is too small or too thin to hold an object"
            return Fault(reason=Reason.NO_OBJECT, detail=detail)
        backgrounds = [noun for noun in _distinct(request.background_nouns) if noun not in objects]
        return NounSearch(image=request.image, nouns=(*objects, *backgrounds), objects=len(objects))

    def _found(self, look: NounSearch, answer: Candidates | Fault) -> tuple[Found, ...] | Fault:
        if isinstance(answer, Fault):
            return answer
        if not answer.is_finite:
            detail = f"{self.weights.source} answered with NaN or infinite numbers"
            return Fault(reason=Reason.BAD_PIXELS, detail=detail)
        boxes = kept(
            answer,
            objects=look.objects,
            size=look.size,
            least_score=self.least_score,
            nms_iou=self.nms_iou,
            max_boxes=self.max_boxes,
            least_side_px=self.least_side_px,
        )
        objects = tuple(
            Found(name=look.nouns[one.noun], kind="object", box=one.box, score=one.score)
            for one in boxes
        )
        if not objects:
            top = answer.scores[:, : look.objects].max(initial=0.0)
            nouns, size = ", ".join(look.nouns[: look.objects]), " x ".join(map(str, look.size))
            wants = f"scores {self.least_score} and is {self.least_side_px} px wide and high"
            detail = (
                f"no box in the {size} image {wants} and is best called {nouns}, "
                f"which score {top:.3g} at most"
            )
            return Fault(reason=Reason.NO_OBJECT, detail=detail)
        return objects + self._backgrounds(look, answer)

    def _backgrounds(self, look: NounSearch, answer: Candidates) -> tuple[Found, ...]:
        nouns = look.nouns[look.objects :]
        best = answer.scores[:, look.objects :].max(axis=0).clip(0, 1).tolist()
        scored = list(zip(nouns, best, strict=True)) or [(_BACKGROUND, 1.0)]
        canvas = Box.canvas(*look.size)
        return tuple(
            Found(name=noun, kind="background", box=canvas, score=score)
            for noun, score in sorted(scored, key=lambda one: -one[1])
            if score >= self.least_score
        )


def _distinct(nouns: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(noun for text in nouns if (noun := " ".join(text.split()))))
