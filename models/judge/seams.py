"""Faults of craft: seams along the patch, blur, and fills without the texture of the place."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap
from models.judge.change import noticed
from models.judge.findings import Curve, GradedFact, graded
from models.judge.traces import fine_detail, surroundings
from models.judge.view import PairView, Plane, grown, steepness

SEAM: Curve = ((1.0, 5.0), (2.0, 4.0), (3.5, 3.0), (6.0, 2.0), (10.0, 1.0))
"""Mean gradient along the worst contour parallel to the mask, above the usual, L for each pixel."""
OUTLINE: Curve = ((2.0, 5.0), (5.0, 4.0), (8.0, 3.0), (12.0, 2.0), (16.0, 1.0))
"""The same against what was there before, where a blurred contour reaches some L for each px."""
SMEAR: Curve = ((0.0, 2.5), (0.25, 3.5), (0.5, 4.5), (0.75, 5.0))
"""Typical fine detail of the fill against that of its surroundings."""
SOFT: Curve = ((1.2, 5.0), (1.8, 4.0), (2.5, 3.0), (3.2, 2.0), (4.0, 1.0))
"""Typical width of edges against the width they should have."""

TORN: Curve = ((0.13, 5.0), (0.2, 2.9), (0.5, 2.3), (1.0, 1.5))
"""Length of torn edges against the mask's size (the root of its area). Of 85 erased places that
were looked at, 22 with a bitten neighbour or a smear have 0.21 or more, all others 0.13 or less;
46 right removals of drawn objects have 0."""
ALIKE, APART = 10.0, 20.0
"""CIE76: two sides of a line nearer than the first were one thing, further than the second not."""
TRACE = 0.3
"""How plainly a pixel must have changed to belong to the fill, 0 to 1."""
INK_L = 12.0
"""Darker pixels are lines, which two drawn objects that touch have in common."""

BAND_PX = 8
STEP_WIDTH = 2.0
"""Width of an ideal step by `edge_width`, pixels."""

STRONG_EDGE = 12.0
"""Least range of L in a window for an edge whose width is worth measuring."""


def contour_profile(lab: Plane, mask: Bitmap, *, outside_px: int) -> NDArray[np.float64]:
    """Mean gradient by signed distance from the mask's contour.

    The first entry is `BAND_PX` inside, the last `outside_px` outside.
    """
    inner = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3)
    outer = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    step = np.rint(outer - inner).astype(np.int32) + BAND_PX
    near = (step >= 0) & (step <= BAND_PX + outside_px)
    strength = steepness(lab)[near]
    total = np.bincount(step[near], strength, minlength=BAND_PX + outside_px + 1)
    count = np.bincount(step[near], minlength=BAND_PX + outside_px + 1)
    return np.asarray(total / np.maximum(count, 1))


def seam(view: PairView, *, grow_px: int) -> GradedFact:
    """An edge that follows the mask's contour where no object is left to explain it."""
    outside_px = grow_px + BAND_PX
    profile = contour_profile(view.after, view.mask, outside_px=outside_px)
    return graded(float(profile.max() - np.median(profile)), SEAM, "seam {:.1f} L/px")


def untorn(view: PairView) -> GradedFact:
    """Whether what lies beside the fill is whole.

    Along the border of the fill, a step in colour where there was none cuts through something
    that went on: a neighbour that was bitten, a part of the object left behind, a broken line of
    the scenery. As many steps as chance gives in a texture are not counted.
    """
    touched = noticed(view.delta) > TRACE
    near = grown(view.mask, view.px(8) + round(0.3 * float(np.sqrt(view.mask.sum()))))
    fill = ((touched & near & ~view.others) | view.mask).view(np.uint8)
    fill = cv2.morphologyEx(fill, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    away = cv2.distanceTransform(1 - fill, cv2.DIST_L2, 5)
    away -= cv2.distanceTransform(fill, cv2.DIST_L2, 5)
    border = (away > 0.5) & (away <= 1.5) & ~touched & ~view.others
    border[[0, -1]] = border[:, [0, -1]] = False
    if not border.any():
        return graded(0.0, TORN, "nothing beside it torn")
    before, after = (_across(lab, away, border) for lab in (view.before, view.after))
    whole = before.step < ALIKE
    torn = whole & (after.step > APART) & (before.light > INK_L)
    chance = float(whole.mean()) * float((after.further > APART).mean())
    length = max(0.0, float(torn.sum()) - chance * len(torn))
    share = length / float(np.sqrt(max(1, view.mask.sum())))
    words = "nothing beside it torn" if share < TORN[0][0] else "something beside it torn"
    return graded(share, TORN, words + " ({:.2f} of its size)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Across:
    """What is met on the way out of a border, for each of its pixels."""

    step: NDArray[np.float32]
    """CIE76 between 2.5 px inside and 1.5 px outside."""
    further: NDArray[np.float32]
    """The same between 2 px and 6 px outside."""
    light: NDArray[np.float32]
    """L* 1.5 px outside."""


def _across(lab: Plane, away: Plane, border: Bitmap) -> _Across:
    across, down = cv2.Sobel(away, cv2.CV_32F, 1, 0, ksize=5), cv2.Sobel(away, -1, 0, 1, ksize=5)
    rows, cols = np.nonzero(border)
    length = np.maximum(np.hypot(across, down), 1e-6)[border]
    out_x, out_y = across[border] / length, down[border] / length
    soft = cv2.GaussianBlur(lab, (0, 0), 1.0)

    def met(px: float) -> NDArray[np.float32]:
        x, y = (cols + px * out_x).astype(np.float32), (rows + px * out_y).astype(np.float32)
        at = (x[None], y[None])
        found = cv2.remap(soft, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        return np.asarray(found, np.float32)

    near = met(1.5)
    return _Across(
        step=np.linalg.norm(near - met(-2.5), axis=1),
        further=np.linalg.norm(met(6.0) - met(2.0), axis=1),
        light=near[:, 0],
    )


def new_outline(view: PairView, *, grow_px: int) -> GradedFact:
    """An edge outside an object's own contour that was not there before: a spilled border."""
    outside_px = grow_px + BAND_PX
    before, after = (
        contour_profile(lab, view.mask, outside_px=outside_px) for lab in (view.before, view.after)
    )
    clear = BAND_PX + view.px(3)
    return graded(float((after - before)[clear:].max()), OUTLINE, "new outline {:.1f} L/px")


def smear(view: PairView) -> GradedFact:
    """Whether the fill has the texture of its surroundings; medians, so edges do not count."""
    detail = fine_detail(view.after)
    ring = surroundings(view)
    # Half a unit of L is invisible: flat beside flat is as good as textured beside textured.
    inside, around = (float(np.median(detail[w])) if w.any() else 0.0 for w in (view.mask, ring))
    return graded((inside + 0.5) / (around + 0.5), SMEAR, "texture {:.2f} of its surroundings'")


def edge_width(lab: Plane, where: Bitmap) -> float:
    """Width of the sharper edges in `where`, pixels; NaN where there are too few.

    The range of L in a 9 px window over the steepest gradient in it, as in the blur metric of
    Marziliano et al. 2002: about 2 for a step, and independent of contrast. The lower quintile of
    the strong edges, as neighbouring lines in one window read as one wide edge.
    """
    light = np.ascontiguousarray(lab[..., 0])
    window = np.ones((9, 9), np.uint8)
    span = cv2.dilate(light, window) - cv2.erode(light, window)
    steep = cv2.dilate(steepness(lab), window)
    strong = where & (span > STRONG_EDGE)
    if strong.sum() < 40:
        return float("nan")
    return float(np.percentile(span[strong] / steep[strong], 20))


def softness(width: float, expected: float) -> GradedFact:
    """How much wider edges are than they should be.

    An object without any strong edge where edges were to be expected is blurred beyond measure.
    """
    if not np.isfinite(width):
        lost = bool(np.isfinite(expected))
        return GradedFact(score=1.0 if lost else 4.0, fact="no sharp edge to be seen")
    ratio = width / np.fmax(expected, STEP_WIDTH)
    words = "edges blurred" if ratio > 1.3 else "edges sharp"
    return graded(ratio, SOFT, words + " ({:.2f} of the width expected)")
