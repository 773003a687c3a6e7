"""The embedded judge: measured differences between two images, mapped to the three criteria."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.likeness import portraits
from models.judge.pair import judge_pair


class MetricJudge:
    """A metric, not a network: it measures pixels and knows nothing of what they show.

    It measures change inside and outside the masks, remnants of what should be gone, distances
    from named colours, seams, blur and layout; reasons state the measures that decided. A wrong
    object in the right colours escapes it. Dispatch is by an edit type's painting steps, so a new
    type of known steps is judged as it is; of a step that the type paints itself only change and
    craft are measured, and adherence is at most 4.
    """

    name = "metric"
    version = "3"

    def setup(self) -> None:
        """Draw the catalogue."""
        portraits()

    def params(self) -> Mapping[str, object]:
        """There are none."""
        return {}

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        return [self._judged(request) for request in requests]

    def _judged(self, request: JudgeRequest) -> Judgement | Fault:
        try:
            return judge_pair(_fitted(request))
        except FaultError as error:
            return error.fault


def _fitted(request: JudgeRequest) -> JudgeRequest:
    """The request with its target at the source's size and a mask for every operation.

    Raises:
        FaultError: Something that no measure can be taken of.
    """
    for role, image in (("source", request.source), ("target", request.target)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            detail = f"the {role} is {image.dtype} {image.shape}, not uint8 height x width x 3"
            raise FaultError(Reason.NOT_AN_IMAGE, detail)
    height, width = request.source.shape[:2]
    masks = request.masks or (np.ones((height, width), np.bool_),)
    for index, mask in enumerate(masks):
        if mask.shape != (height, width) or not mask.any():
            detail = f"mask {index} is {mask.shape} with {mask.sum()} pixels in {height} x {width}"
            raise FaultError(Reason.EMPTY_MASK, detail)
    if any(op.subject >= len(masks) for op in request.operations):
        detail = f"an operation's subject lies beyond the {len(masks)} masks"
        raise FaultError(Reason.EMPTY_MASK, detail)
    return replace(request, masks=masks, target=_resampled(request.target, height, width))


def _resampled(image: Rgb, height: int, width: int) -> Rgb:
    """Editors answer at sizes of their own; they are compared at the source's."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
