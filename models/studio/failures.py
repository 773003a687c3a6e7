"""How far one painting step failed, for each kind of step: 0 (done right) to 1 (not done, ruined).

Every measure compares a result R with the truth: G, the image with this step left undone, P, the
perfect one, and for insertions E, the bare place. Thresholds were set by looking: of each pair,
the first is what legitimate alternatives reach, the second what nobody would accept.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Rgb, lengths
from models.studio.known import NoTruthError
from models.studio.measures import (
    Plane,
    RegionWindow,
    correlation,
    distance,
    edges,
    histogram,
    mean,
    overlap,
    ramp,
    shares,
    shrunk,
    soft_edges,
    to_lab,
)
from models.studio.perfect import Part, Side
from models.vocabulary import PaintKind

LEFTOVER = (0.04, 0.6)
"""Share of the old object's difference from its background that is still there."""
ODD_FILL = (5.0, 26.0)
"""Delta E between a fill and the true background, blurred, lightness counting half: another hill
is right, a hole or a stain is not."""
STRANGER = (0.1, 0.6)
"""Edges that the true background lacks, against those of the old object."""
SMEARED_WORTH = 0.5
STRUCTURED = (3.0, 10.0)
"""Strength of the true background's edges from which a smooth fill is a smear."""
OLD_REMAINS = (0.25, 0.8)
"""The same beside a new object, which may resemble the old one."""
UNCHANGED = (0.45, 0.1)
"""Change of the place against the perfect result's change; an inserted object may be smaller."""
ABSENT = (0.4, 0.12)
"""Difference from the bare place against the perfect result's."""
UNLIKE = (0.84, 0.6)
"""Overlap of the new object's colours with those of the object that was asked for: the same sprite,
smaller, moved and toned, keeps 0.84 or more; another one has 0.63 in the median."""
UNDRESSED = (10.0, 28.0)
"""Delta E between the new object's mean colour and that of the look asked for: the embedded
painter's textures reach 7, rarely 13, and other looks 12 to 109, mostly over 20."""
UNCOLOURED = (0.6, 0.15)
"""How far the object's pixels went from the old colour towards the new."""
WRONG_COLOUR = (0.4, 1.1)
"""Distance of the mean colour from the asked one, against its distance before."""
LOST_SHAPE = (0.6, 0.15)
"""Correlation of the object's edges before and after, blurred."""
SOFT = (0.6, 0.2)
"""Strength of the edges against the perfect result's."""
WRONG_CUTOUT = (4.0, 26.0)
"""Mean Delta E between cut-outs on white, each scaled to its own extent."""
LITTERED = (0.05, 0.8)
"""Share of the paper that is not white, against the object's share of the image."""
_ANOTHER_SHADE = 10.0
_LITTER = 6.0
_DARK = 20.0
"""L* below which a pixel belongs to a line or a hole."""
_HALF_LIGHT = np.asarray((0.5, 1, 1), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailure:
    """How far a step failed: at what it was for, and at how it was made; each 0 to 1."""

    meant: float
    """Not done, done in part, or something else done."""
    craft: float = 0.0
    """Soft or smeared."""

    @property
    def degree(self) -> float:
        """Both together."""
        return either(self.meant, self.craft)


def step_failure(part: Part, side: Side, result: Rgb) -> StepFailure:
    """How far the step failed on this image."""
    match part.kind:
        case PaintKind.ERASE | PaintKind.FRAME:
            return _fill_failure(part, side, result)
        case PaintKind.INSERT:
            return _insert_failure(part, side, result)
        case PaintKind.RECOLOUR:
            return _recolour_failure(part, side, result)
        case PaintKind.ISOLATE:
            either_way = (_cutout_failure(side, result), _in_place_failure(part, side, result))
            return min(either_way, key=lambda failure: failure.degree)
        case PaintKind.BACKDROP | PaintKind.STYLISE:
            message = f"a {part.kind} step has no truth; ask has_truth first"
            raise NoTruthError(message)


def either(*failures: float) -> float:
    """Independent failures together: none only where each is none."""
    return float(1 - np.prod([1 - failure for failure in failures]))


def _fill_failure(part: Part, side: Side, result: Rgb) -> StepFailure:
    """Leftover: the share a in R - P = a (G - P) + rest. Odd: a rest that is large or has edges."""
    window = RegionWindow.around(part.region)
    perfect = window.coarse(side.perfect)
    weight = window.weight(perfect)
    remains, old = window.coarse(result) - perfect, window.coarse(part.before) - perfect
    share = float(shares(remains, (old,), weight)[0])
    rest = cv2.GaussianBlur((remains - np.float32(share) * old) * _HALF_LIGHT, (0, 0), 4)
    odd = mean(lengths(rest), weight)
    strange = _strangeness(window, part, side, result)
    return StepFailure(
        meant=max(ramp(share, *LEFTOVER), ramp(odd, *ODD_FILL), strange),
        craft=_smear(window, result, side.perfect),
    )


def _strangeness(window: RegionWindow, part: Part, side: Side, result: Rgb) -> float:
    """Outlines where the background has none: another object came in the old one's place."""
    known = cv2.dilate(edges(window.coarse(side.perfect)), np.ones((5, 5), np.uint8))
    shown, old = (
        np.maximum(edges(window.coarse(image)) - 1.5 * known - 8, 0)
        for image in (result, part.before)
    )
    return ramp(_ratio(shown, old, window.weight(shown)), *STRANGER)


def _smear(window: RegionWindow, result: Rgb, perfect: Rgb) -> float:
    """A soft fill where the true background has structure."""
    wanted = edges(window.fine(perfect))
    structure = ramp(mean(wanted, window.weight(wanted)), *STRUCTURED)
    return SMEARED_WORTH * structure * _softness(window, result, perfect)


def _insert_failure(part: Part, side: Side, result: Rgb) -> StepFailure:
    """The old object must be gone, something must be there, and in the asked object's colours."""
    window = RegionWindow.around(part.region)
    shown, before = window.coarse(result), window.coarse(part.before)
    perfect, bare = window.coarse(side.perfect), window.coarse(part.bare)
    weight = window.weight(shown)
    changed = _ratio(distance(shown, before), distance(perfect, before), weight)
    present = _ratio(distance(shown, bare), distance(perfect, bare), weight)
    compare = _undressed if part.look else _unlike
    unlike = compare(shown, perfect, bare, weight)
    old = float(shares(shown - bare, (before - bare, perfect - bare), weight)[0])
    gone = max(ramp(changed, *UNCHANGED), ramp(old, *OLD_REMAINS))
    worst = max(gone, ramp(present, *ABSENT), unlike)
    return StepFailure(meant=worst, craft=_softness(window, result, side.perfect))


def _unlike(shown: Plane, perfect: Plane, bare: Plane, weight: Plane) -> float:
    """Whether the colours are those of another object."""
    colours = [histogram(plane, _new(plane, bare, weight)) for plane in (shown, perfect)]
    return ramp(overlap(*colours), *UNLIKE)


def _undressed(shown: Plane, perfect: Plane, bare: Plane, weight: Plane) -> float:
    """Whether the new object lacks its look, by mean colours: a texture has colours of its own.

    Its lines and holes do not count, as in a recolouring; lightness counts half. Another object in
    the same look escapes.
    """
    off = [
        mean(shown[..., c], _lit(shown, bare, weight))
        - mean(perfect[..., c], _lit(perfect, bare, weight))
        for c in range(3)
    ]
    return ramp(float(np.linalg.norm(off * _HALF_LIGHT)), *UNDRESSED)


def _lit(shown: Plane, bare: Plane, weight: Plane) -> Plane:
    return np.asarray(_new(shown, bare, weight) * (shown[..., 0] > _DARK), np.float32)


def _new(shown: Plane, bare: Plane, weight: Plane) -> Plane:
    """How much of each pixel is a new object's: those that differ from the bare place."""
    fresh = np.clip(distance(shown, bare) / _ANOTHER_SHADE - 0.5, 0, 1)
    return np.asarray(weight * fresh, np.float32)


def _recolour_failure(part: Part, side: Side, result: Rgb) -> StepFailure:
    """The colour must be everywhere on the object and be the right one; its shape must stay.

    Lightness counts half, and outlines, which no recolouring changes, do not count at all.
    """
    window = RegionWindow.around(part.region)
    shown = window.fine(result) * _HALF_LIGHT
    perfect = window.fine(side.perfect) * _HALF_LIGHT
    before = window.fine(part.before) * _HALF_LIGHT
    asked = distance(perfect, before)
    weight = window.weight(shown) * np.clip(asked / _ANOTHER_SHADE, 0, 1)
    left, gone = distance(shown, perfect), distance(shown, before)
    nearer = gone / np.maximum(left + gone, 1.0)
    off = [mean(shown[..., c] - perfect[..., c], weight) for c in range(3)]
    wrong = float(np.linalg.norm(off)) / max(20.0, mean(asked, weight))
    undone = max(ramp(mean(nearer, weight), *UNCOLOURED), ramp(wrong, *WRONG_COLOUR))
    lines = [soft_edges(window.coarse(image)) for image in (result, part.before)]
    kept = correlation(lines[0], lines[1], window.weight(lines[0]))
    return StepFailure(
        meant=either(undone, ramp(kept, *LOST_SHAPE)),
        craft=_softness(window, result, side.perfect),
    )


def _softness(window: RegionWindow, result: Rgb, perfect: Rgb) -> float:
    """Edges weaker than the perfect result's, as after a blur."""
    shown, wanted = edges(window.fine(result)), edges(window.fine(perfect))
    return ramp(_ratio(shown, wanted, window.weight(shown)), *SOFT)


def _cutout_failure(side: Side, result: Rgb) -> StepFailure:
    """Cut-outs may stand anywhere and be of any size; each is scaled to the same extent."""
    shown, wanted = (_cutout(shrunk(image, 400)) for image in (result, side.perfect))
    if shown is None or wanted is None:
        return StepFailure(meant=1.0)
    size = (96, 96)
    planes = [to_lab(np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA)))
              for cut in (shown, wanted)]  # fmt: skip
    stretched = abs(np.log(_aspect(shown) / _aspect(wanted)))
    off = float(distance(planes[0], planes[1]).mean())
    return StepFailure(meant=either(ramp(off, *WRONG_CUTOUT), ramp(stretched, 0.15, 0.8)))


def _in_place_failure(part: Part, side: Side, result: Rgb) -> StepFailure:
    """The same where the cut-out stands as the perfect one does: what of the scene is left."""
    shown, wanted, before = (
        to_lab(shrunk(image, 128)) for image in (result, side.perfect, part.before)
    )
    everywhere = np.ones(shown.shape[:2], np.float32)
    left = float(shares(shown - wanted, (before - wanted,), everywhere)[0])
    window = RegionWindow.around(part.region)
    off = distance(window.coarse(result), window.coarse(side.perfect))
    harmed = ramp(mean(off, window.weight(off)), *WRONG_CUTOUT)
    paper = (wanted[..., 0] > 99).astype(np.float32)
    littered = mean((distance(shown, wanted) > _LITTER).astype(np.float32), paper)
    litter = ramp(littered / float(part.region.mean()), *LITTERED)
    return StepFailure(
        meant=either(ramp(left, *LEFTOVER), harmed, litter),
        craft=_softness(window, result, side.perfect),
    )


def _cutout(image: Rgb) -> Rgb | None:
    """What is not white, without crumbs; None for a white image."""
    inked = (image.min(axis=2) < 240).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inked)
    if count < 2:
        return None
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = np.isin(labels, np.flatnonzero(areas >= 0.02 * areas.max()))
    rows, cols = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    return image[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


def _aspect(image: Rgb) -> float:
    return float(image.shape[1] / image.shape[0])


def _ratio(shown: Plane, wanted: Plane, weight: Plane) -> float:
    return mean(shown, weight) / max(mean(wanted, weight), 1.0)
