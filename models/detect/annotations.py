"""The embedded detector: the boxes that a source brings, or else the one main subject."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.annotation import AnnotatedObject
from models.detect.detection import DetectRequest, Found
from models.detect.saliency import main_subject
from models.faults import Fault, Reason
from models.geometry import Box, Rgb
from models.recorded import Recorded

_SUBJECT = "main subject"
_BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationDetector(Recorded):
    """Reads boxes where there are annotations; looks at pixels only where there are none.

    The annotation is taken as it is, whatever nouns were asked for: it was made for this image.
    Every background noun becomes a region as large as the canvas.
    """

    nms_iou: float = 0.5
    """Of two boxes that overlap more than this, of whatever class, the later one is dropped."""
    max_boxes: int = 100
    least_side_px: int = 4
    least_contrast: float = 0.1
    """Mean saliency of the main subject less that of its surroundings, 0 to 1. Noise has 0.01,
    an even texture 0.07, photographs of a subject 0.16 to 0.63."""

    name = "annotations"
    version = "1"

    def setup(self) -> None:
        """Nothing to load."""

    def detect(self, requests: Sequence[DetectRequest]) -> list[tuple[Found, ...] | Fault]:
        """Objects first, annotated order, then backgrounds.

        An image with nothing that stands out is a `NO_OBJECT` fault; one whose annotated boxes are
        all empty, not finite or outside it, or were all left out, a `BAD_ANNOTATION` fault.
        """
        return [self._detect(request) for request in requests]

    def _detect(self, request: DetectRequest) -> tuple[Found, ...] | Fault:
        height, width = request.image.shape[:2]
        annotated = request.annotation.objects
        if not annotated and (count := request.annotation.left_out):
            detail = f"its {count} label(s) were all left out, as the rejects of its source say"
            return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
        objects = self._annotated(annotated, request.image) if annotated else self._subject(request)
        if isinstance(objects, Fault):
            return objects
        named = *request.background_nouns, *request.annotation.background_nouns
        nouns = tuple(dict.fromkeys(named)) or (_BACKGROUND,)
        canvas = Box.canvas(width, height)
        backgrounds = tuple(
            Found(name=noun, kind="background", box=canvas, score=1.0) for noun in nouns
        )
        return objects + backgrounds

    def _annotated(
        self, annotated: Sequence[AnnotatedObject], image: Rgb
    ) -> tuple[Found, ...] | Fault:
        height, width = image.shape[:2]
        found: list[Found] = []
        for one in annotated:
            box = _whole_pixels(one.box).clipped(width, height) if _finite(one.box) else None
            if box is None or min(box.width, box.height) < self.least_side_px:
                continue
            if all(_iou(box, kept.box) <= self.nms_iou for kept in found):
                name = one.name.strip() or "object"
                found.append(Found(name=name, kind="object", box=box, score=1.0))
        if not found:
            boxes = ", ".join(str(one.box) for one in annotated[:3])
            detail = f"none of {len(annotated)} boxes lies in the {width} x {height} image: {boxes}"
            return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
        return tuple(found[: self.max_boxes])

    def _subject(self, request: DetectRequest) -> tuple[Found, ...] | Fault:
        subject = main_subject(request.image, least_contrast=self.least_contrast)
        if subject is None or min(subject.box.width, subject.box.height) < self.least_side_px:
            detail = f"no annotation, and nothing stands out by {self.least_contrast}"
            return Fault(reason=Reason.NO_OBJECT, detail=detail)
        # With several nouns there is no telling which of them the one region is.
        name = request.object_nouns[0] if len(request.object_nouns) == 1 else _SUBJECT
        return (Found(name=name, kind="object", box=subject.box, score=subject.confidence),)


def _finite(box: tuple[float, float, float, float]) -> bool:
    return all(math.isfinite(value) for value in box)


def _whole_pixels(box: tuple[float, float, float, float]) -> Box:
    x0, y0, x1, y1 = box
    return Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))


def _iou(one: Box, other: Box) -> float:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    shared = max(0, across) * max(0, down)
    return shared / (one.area_px + other.area_px - shared)
