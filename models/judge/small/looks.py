"""What the small judge sees of a pair: one small view for each painted subject, and the whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.edit_types.spec import Operation
from models.geometry import Bitmap, Box
from models.judge.judgement import JudgeRequest
from models.judge.pair import fitted, planned
from models.judge.placement import aligned
from models.judge.view import PairView, grown, subject_box, view_of
from models.vocabulary import PaintKind

WINDOW_PX = 192
"""Long side of a subject with its surroundings."""
WHOLE_PX = 160
"""Long side of the whole picture: of a studio scene a pixel stands for 8 x 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One painted image of one operation; `after` is always the painted side."""

    operation: Operation
    at: int
    """Index of the operation."""
    kind: PaintKind | None
    """None for a step that an edit type paints itself."""
    backwards: bool
    """Whether the painted side is the source."""
    window: PairView
    tight: Box
    """The subject's own box in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A pair as the judge sees it."""

    looks: tuple[Look, ...]
    whole: PairView
    """Both images whole, source before target, with all masks together."""
    free: Bitmap
    """Where the whole may change: the masks, with the boxes of new objects."""


def seen(request: JudgeRequest) -> Seen:
    """The views of a pair.

    Raises:
        FaultError: An operation is of an unknown type, or the images and masks do not fit.
    """
    request = fitted(request)
    height, width = request.source.shape[:2]
    union = np.logical_or.reduce(request.masks)
    whole = view_of(
        request.source,
        request.target,
        union,
        np.zeros_like(union),
        box=Box.canvas(width, height),
        limit_px=WHOLE_PX,
    )
    looks = tuple(_looks(request))
    return Seen(looks=looks, whole=whole, free=_free(looks, request.masks, whole))


def _looks(request: JudgeRequest) -> Iterator[Look]:
    for at, operation in enumerate(request.operations):
        plan = planned(request.edit_type, operation, request.edit_types)
        for step in plan.steps:
            kind = step.paint if isinstance(step.paint, PaintKind) else None
            window = _window(request, operation.subject, kind, onto=step.onto)
            if window is None:
                continue
            yield Look(
                operation=operation,
                at=at,
                kind=kind,
                backwards=step.onto == "source",
                window=window,
                tight=Box.around(window.mask),
            )


def _window(
    request: JudgeRequest, subject: int, kind: PaintKind | None, *, onto: str
) -> PairView | None:
    mask = request.masks[subject]
    if kind is PaintKind.ISOLATE:
        photo, canvas = {
            "target": (request.source, request.target),
            "reference": (request.target, request.reference),
        }.get(onto, (request.target, request.source))
        return None if canvas is None else aligned(photo, mask, canvas, limit_px=WINDOW_PX)
    if onto == "reference":
        return None
    rest = [m for i, m in enumerate(request.masks) if i != subject]
    others = grown(np.logical_or.reduce(rest), 8) if rest else np.zeros_like(mask)
    box = subject_box(mask)
    view = view_of(request.source, request.target, mask, others, box=box, limit_px=WINDOW_PX)
    return view.flipped if onto == "source" else view


def _free(looks: Sequence[Look], masks: Sequence[Bitmap], whole: PairView) -> Bitmap:
    if any(look.kind is PaintKind.ISOLATE and not look.backwards for look in looks):
        return np.ones_like(whole.mask)
    free = whole.mask.copy()
    for look in looks:
        if look.kind is PaintKind.INSERT:
            box = Box.around(whole.fitted(masks[look.operation.subject]))
            free[box.slices] = True
    return free
