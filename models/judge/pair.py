"""Which measures apply to a pair: from the painting steps of each operation to a verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from models.edit_types.spec import EditType, Operation, Step
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.judge.change import SLACK_PX, UNCHANGED_FRAC, noticed, reach, shaded, spill
from models.judge.findings import WORST, Findings, criterion, decisive, pooled
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.likeness import portraits
from models.judge.local import appeared, erased, inserted, recoloured, repainted
from models.judge.placement import aligned
from models.judge.view import CANVAS_PX, SUBJECT_PX, PairView, grown, subject_box, view_of
from models.judge.whole import backdrop, isolated, later_frame, stylised
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind


class Check(Protocol):
    """Measures one kind of painting."""

    def __call__(self, view: PairView, operation: Operation, *, grow_px: int) -> Findings:
        """`grow_px` is how far the painting may exceed the mask, in pixels of the view."""


CHECKS: Mapping[PaintKind, Check] = {
    PaintKind.ERASE: erased,
    PaintKind.INSERT: inserted,
    PaintKind.RECOLOUR: recoloured,
    PaintKind.BACKDROP: backdrop,
    PaintKind.STYLISE: stylised,
    PaintKind.ISOLATE: isolated,
    PaintKind.FRAME: later_frame,
}
"""What is measured after each kind of painting; after one that an edit type brings, `repainted`."""

WHOLE = frozenset({PaintKind.BACKDROP, PaintKind.STYLISE, PaintKind.FRAME})
"""Kinds that are measured on the whole image."""

NEEDS_TARGET = frozenset({PaintKind.INSERT, PaintKind.RECOLOUR})
"""Kinds of which only what was asked for can tell whether they succeeded."""

CASTING = frozenset({PaintKind.ERASE, PaintKind.INSERT})
"""Kinds with which an object's shadow comes or goes."""

RUIN = 1.0
"""Adherence is at most so far above the worse of the other criteria: a picture that is ruined, or
changed all over, is not what the instruction asked for, however well its mask is filled."""


DIGITS = 3
"""Decimals of a criterion: OpenCV's sums differ in the last bits with the number of threads."""


def _nobody_paints(request: PaintRequest) -> Painting:
    raise FaultError(Reason.UNPAINTABLE, f"nobody has told how {request.name!r} is painted")


UNTOLD = Step(paint=_nobody_paints)
"""Stands for the steps of an imported edit whose type declares none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One operation with the steps that decide its images: the last one onto each."""

    operation: Operation
    steps: tuple[Step, ...]


def judge_pair(request: JudgeRequest) -> Judgement:
    """The verdict on one pair, before the cap.

    Raises:
        FaultError: An operation is of an unknown type, or the images and masks do not fit.
    """
    plans = tuple(planned(request.edit_type, op, request.edit_types) for op in request.operations)
    canvas = _canvas(request)
    if float(noticed(canvas.delta).sum()) < UNCHANGED_FRAC * float(canvas.mask.sum()):
        return Judgement(
            adherence=WORST, quality=5.0, preservation=5.0, reason="nothing changed in the image"
        )
    each = [pooled(_measured(request, plan, canvas)) for plan in plans]
    outside = spill(canvas, _allowed(request, plans, canvas))
    all_of_it = pooled([*each, Findings(preservation=(outside,))])
    quality, preservation = criterion(all_of_it.quality), criterion(all_of_it.preservation)
    return Judgement(
        adherence=round(min(_adherence(each), min(quality, preservation) + RUIN), DIGITS),
        quality=round(quality, DIGITS),
        preservation=round(preservation, DIGITS),
        reason=decisive(all_of_it),
    )


def _adherence(each: Sequence[Findings]) -> float:
    """Half the worst operation, half the mean: one of two done is neither nothing nor enough."""
    scores = [criterion(findings.adherence) for findings in each]
    return 0.5 * min(scores) + 0.5 * sum(scores) / len(scores)


def planned(edit_type: EditType, operation: Operation, types: Mapping[str, EditType]) -> Planned:
    """The steps of an operation.

    Raises:
        FaultError: It is of an unknown type.
    """
    own = edit_type if operation.edit_type == edit_type.name else types.get(operation.edit_type)
    if own is None:
        detail = f"an operation of type {operation.edit_type!r}, which is not known"
        raise FaultError(Reason.BAD_ANNOTATION, detail)
    steps = tuple({step.onto: step for step in own.steps}.values())
    return Planned(operation=operation, steps=steps or (UNTOLD,))


def _check(step: Step, operation: Operation) -> Check:
    """What is measured after a step; of an import, nobody has told what it should look like."""
    told = operation.name or operation.target.key
    if not isinstance(step.paint, PaintKind) or (step.paint in NEEDS_TARGET and not told):
        return repainted
    return CHECKS[step.paint]


def _canvas(request: JudgeRequest) -> PairView:
    """The whole image with all masks together."""
    height, width = request.source.shape[:2]
    union = np.logical_or.reduce(request.masks)
    return view_of(
        request.source,
        request.target,
        union,
        np.zeros_like(union),
        box=Box.canvas(width, height),
        limit_px=CANVAS_PX,
    )


def _measured(request: JudgeRequest, plan: Planned, canvas: PairView) -> Iterator[Findings]:
    """The findings of one operation, one for each image that its steps ended in."""
    mask = request.masks[plan.operation.subject]
    for step in plan.steps:
        grow = round(_grow_px(request, step))
        if step.paint is PaintKind.ISOLATE:
            yield from _extracted(request, mask, plan.operation, onto=step.onto)
            continue
        view = canvas if step.paint in WHOLE else _subject(request, plan.operation.subject)
        check = _check(step, plan.operation)
        if step.onto == "target":
            yield check(view, plan.operation, grow_px=view.px(grow))
        elif step.onto == "source":
            # The source was painted: what the step did shows when the pair is read backwards.
            yield check(view.flipped, plan.operation, grow_px=view.px(grow))
            if check is not repainted:
                yield appeared(view, plan.operation, grow_px=view.px(grow))


def _extracted(
    request: JudgeRequest, mask: Bitmap, operation: Operation, *, onto: str
) -> Iterator[Findings]:
    """The object on white against the image it was taken from."""
    if onto == "target":
        yield isolated(aligned(request.source, mask, request.target), operation, grow_px=0)
    elif onto == "reference" and request.reference is not None:
        found = isolated(aligned(request.target, mask, request.reference), operation, grow_px=0)
        # The reference is an input of the edit, so how it shows the object is no preservation.
        yield Findings(adherence=found.adherence + found.preservation, quality=found.quality)


def _subject(request: JudgeRequest, index: int) -> PairView:
    mask = request.masks[index]
    rest = [m for i, m in enumerate(request.masks) if i != index]
    others = grown(np.logical_or.reduce(rest), 8) if rest else np.zeros_like(mask)
    return view_of(
        request.source,
        request.target,
        mask,
        others,
        box=subject_box(mask),
        limit_px=SUBJECT_PX,
    )


def _allowed(request: JudgeRequest, plans: tuple[Planned, ...], canvas: PairView) -> Bitmap:
    """Where any of the operations may change the image, at the canvas's scale."""
    allowed = np.zeros_like(canvas.mask)
    for plan in plans:
        mask = request.masks[plan.operation.subject]
        for step in plan.steps:
            # Frames carry a mask for each of them; the person may be where either shows it.
            small = canvas.mask if step.paint is PaintKind.FRAME else canvas.fitted(mask)
            allowed |= reach(small, step.paint, grow_px=canvas.px(_grow_px(request, step)))
            if step.paint in CASTING or not isinstance(step.paint, PaintKind):
                allowed |= shaded(canvas, small)
    return allowed


def _grow_px(request: JudgeRequest, step: Step) -> float:
    """How far a step may reach beyond its mask, pixels of the image."""
    height, width = request.source.shape[:2]
    return float((step.grow_px + SLACK_PX) * min(height, width) / 1024)


class MetricJudge:
    """A metric, not a network: it measures pixels and knows nothing of what they show.

    It measures change inside and outside the masks, remnants of what should be gone, distances
    from named colours, seams, blur and layout; reasons state the measures that decided. A wrong
    object in the right colours escapes it. Dispatch is by an edit type's painting steps, so a new
    type of known steps is judged as it is; of a step that the type paints itself only change and
    craft are measured, and adherence is at most 4.
    """

    name = "metric"
    version = "5"

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
            return judge_pair(fitted(request))
        except FaultError as error:
            return error.fault


def fitted(request: JudgeRequest) -> JudgeRequest:
    """The request with its target at the source's size and a mask for every operation.

    Raises:
        FaultError: Something that no measure can be taken of.
    """
    for role, image in (("source", request.source), ("target", request.target)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            detail = f"the {role} is {image.dtype} {image.shape}, not uint8 height x width x 3"
            raise FaultError(Reason.NOT_AN_IMAGE, detail)
    if not request.operations:
        detail = "nothing tells what was meant: a judge that measures needs the operations"
        raise FaultError(Reason.UNPAINTABLE, detail)
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
