"""The oracle: how far a painted pair is from what its instruction asked for, from the truth.

    degree = 1 - (1 - undone) * (1 - harm)

`undone` is the mean over the operations of how far each failed inside its true region
(`models.studio.failures`), the worst of an operation's steps counting. `harm` is how much of what
should have stayed changed: the area outside all true regions (grown by 2.5 % of the short side, for
seams and contact shadows) that is another shade (Delta E > 6, averaged over 8 x 8 pixels), against
the area of the regions, from 4 % (nothing) to as much as the regions themselves (1).

Edits of backdrops and styles have no degree (`models.studio.known` says why).

Truth for measuring only. No backend that is measured may import this module.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from models.edit_types.spec import Onto
from models.geometry import Bitmap, Rgb
from models.studio.failures import StepFailure, either, step_failure
from models.studio.measures import Plane, distance, ramp, to_lab
from models.studio.perfect import Case, Side
from models.vocabulary import PaintKind

_MARGIN_FRAC = 0.025
_CELL_PX = 8
_HARMED_CELL = 6.0
_HARM = (0.04, 1.0)
_LEAST_REGION_FRAC = 0.02
"""Harm is measured against at least this share of the image, however small the edit is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How far a pair failed; every value goes from 0 (perfect) to 1."""

    degree: float
    undone: float
    """The edit itself: not done, half done, done wrong."""
    craft: float
    """The part of `undone` that is soft or smeared work, whatever it shows."""
    harm: float
    """What should have stayed and did not."""


def failure_degree(case: Case, images: Mapping[Onto, Rgb]) -> Failure:
    """How far the pair's images are from what the case asks for.

    Args:
        case: What was asked for (`models.studio.perfect`).
        images: The pair's images, one for each side of the case, height x width x 3.
    """
    failed: dict[int, StepFailure] = {}
    harms = []
    for onto, side in case.sides.items():
        for part in side.parts:
            found = step_failure(part, side, images[onto])
            worst = failed.get(part.operation, found)
            failed[part.operation] = max(worst, found, key=lambda failure: failure.degree)
        harms.append(_harm(side, images[onto]))
    undone = float(np.mean([f.degree for f in failed.values()])) if failed else 0.0
    craft = float(np.mean([f.craft for f in failed.values()])) if failed else 0.0
    harm = max(harms)
    return Failure(degree=either(undone, harm), undone=undone, craft=craft, harm=harm)


def perfect_images(case: Case) -> dict[Onto, Rgb]:
    """The pair as it should be."""
    return {onto: side.perfect for onto, side in case.sides.items()}


def _harm(side: Side, result: Rgb) -> float:
    if any(part.kind is PaintKind.ISOLATE for part in side.parts):
        return 0.0
    if (known := _KEPT.get(side)) is None:
        known = _KEPT[side] = _kept(side)
    apart = distance(_cells(result), known.perfect) > _HARMED_CELL
    harmed = float(known.share[apart].sum()) / known.share.size
    return ramp(harmed / known.asked, *_HARM)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What should stay of a side, which is the same for each result that is measured."""

    perfect: Plane
    """Cells of the perfect image."""
    share: Plane
    """How much of each cell may not change."""
    asked: float
    """The share of the image that was to change."""


_KEPT: MutableMapping[Side, _Kept] = WeakKeyDictionary()


def _kept(side: Side) -> _Kept:
    outside = (~_allowed(side)).astype(np.float32)
    perfect = _cells(side.perfect)
    size = (perfect.shape[1], perfect.shape[0])
    return _Kept(
        perfect=perfect,
        share=np.asarray(cv2.resize(outside, size, interpolation=cv2.INTER_AREA), np.float32),
        asked=max([_LEAST_REGION_FRAC, *(float(part.region.mean()) for part in side.parts)]),
    )


def _cells(image: Rgb) -> Plane:
    """Averaged over cells, grain and resampling vanish and a spill stays."""
    height, width = image.shape[:2]
    size = (max(1, width // _CELL_PX), max(1, height // _CELL_PX))
    return to_lab(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)))


def _allowed(side: Side) -> Bitmap:
    """Where the image may differ from the perfect one."""
    height, width = side.given.shape[:2]
    allowed = np.zeros((height, width), np.uint8)
    for part in side.parts:
        allowed |= part.region.view(np.uint8)
    reach = 2 * round(_MARGIN_FRAC * min(height, width)) + 1
    return np.asarray(cv2.dilate(allowed, np.ones((reach, reach), np.uint8)), np.bool_)
