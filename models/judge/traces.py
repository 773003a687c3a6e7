"""What is left of an object that should be gone, and whether the fill belongs to the place."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from models.geometry import Bitmap, Box
from models.judge.change import PLAIN, filled, noticed
from models.judge.findings import Curve, GradedFact, graded
from models.judge.view import PairView, Plane, colour_distance, grown, luma_gradient, steepness

REMNANT: Curve = ((0.05, 5.0), (0.15, 4.2), (0.25, 3.2), (0.45, 2.0), (0.75, 1.0))
"""Share of the old object's gradients that is still there."""
FOREIGN: Curve = ((2.5, 5.0), (5.0, 4.2), (9.0, 3.0), (16.0, 2.0), (28.0, 1.0))
"""Mean distance of the fill's colours from those around it, CIE76."""
BARE: Curve = ((1.0, 1.0), (4.0, 2.0), (9.0, 3.8), (14.0, 5.0))
"""The same distance where something new should stand out from its surroundings."""

LINED: Curve = ((1.2, 1.0), (1.8, 2.5), (2.5, 4.0), (3.5, 5.0))
"""Mean gradient of new content against that of the surroundings."""

STRANGE: Curve = ((0.03, 5.0), (0.08, 4.0), (0.2, 2.8), (0.5, 1.8))
"""Extent of the largest outline inside the mask that does not leave it, against the mask."""
STRONG_LINE = 5.0
"""L for each pixel."""

LEFT: Curve = ((0.01, 5.0), (0.03, 4.0), (0.06, 3.0), (0.15, 2.0), (0.4, 1.0))
"""Area of what is left of the object beside its mask, against the mask."""
OWN_FRAC = 0.003
"""Least share of a region's pixels that makes a colour one of its own."""

SAMPLES = 1500
CELLS = (17, 32, 32)
LAB_STEP = np.array([2.55, 1, 1], np.float32)
LAB_ZERO = np.array([0, 128, 128], np.float32)


def remnant(view: PairView) -> float:
    """Projection of the gradients after the edit on those before it, about 0 to 1.

    `<after, before> / <before, before>` over the mask and its contour: 0 when nothing of the old
    object is left, 1 when it is all there, and in between the strength of a ghost or the share
    of a remainder. Unlike a cosine it does not forget how faint the remnant is.
    """
    where = grown(view.mask, view.px(3))
    (bx, by), (ax, ay) = luma_gradient(view.before), luma_gradient(view.after)
    dot = float((bx[where] * ax[where] + by[where] * ay[where]).sum())
    power = float((bx[where] ** 2 + by[where] ** 2).sum())
    return max(0.0, dot / power) if power > 1e-6 else 0.0


def old_object_gone(view: PairView, curve: Curve = REMNANT) -> GradedFact:
    """Whether the object of the first image is missing in the second."""
    found = graded(remnant(view), curve, "(edge remnant {:.2f})")
    words = "object gone" if found.score >= 3.5 else "object still visible"
    return replace(found, fact=f"{words} {found.fact}")


def surroundings(view: PairView) -> Bitmap:
    """What lies around the subject and did not change: clear of both objects and of fresh fill."""
    reach_px = view.px(10) + round(0.25 * float(np.sqrt(view.mask.sum())))
    untouched = ~grown(view.mask, view.px(6)) & ~view.others & (noticed(view.delta) == 0)
    ring = grown(view.mask, reach_px) & untouched
    return np.asarray(ring if ring.sum() >= 64 else untouched)


def foreign_colour(lab: Plane, inside: Bitmap, around: Bitmap) -> float:
    """Mean CIE76 distance of colours inside from the nearest around; 0 if either is empty.

    The third neighbour counts, so that a few stray pixels around do not excuse a colour.
    """
    here, there = _sample(lab[inside]), _sample(lab[around])
    if not len(here) or len(there) < 3:
        return 0.0
    return float(cKDTree(there).query(here, k=3)[0][:, 2].mean())


def fill_belongs(view: PairView) -> GradedFact:
    """Whether the pixels in place of the object have the colours of their surroundings."""
    value = foreign_colour(view.after, view.mask, surroundings(view))
    words = "fill matches its surroundings" if value < 8 else "fill differs from its surroundings"
    return graded(value, FOREIGN, words + " (ΔE {:.1f})")


def no_stranger(view: PairView) -> GradedFact:
    """Whether no other thing stands where the old one stood.

    A thing has an outline that ends inside the mask, while the lines of what lies behind run on
    across its contour: the largest connected edge that keeps clear of the outside, by its extent.
    """
    steep = (steepness(view.after) > STRONG_LINE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(steep, connectivity=8)
    outside = np.unique(labels[~grown(view.mask, view.px(6))])
    extent = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    extent[np.union1d(outside, [0])] = 0
    share = float(extent.max()) / max(1, int(view.mask.sum()))
    words = "nothing new in its place" if share < 0.08 else "another thing in its place"
    return graded(share, STRANGE, words + " (outline over {:.2f} of it)")


def leftover(view: PairView, *, grow_px: int) -> GradedFact:
    """Whether a part of the object that its mask missed still stands beside the fill.

    Untouched pixels that meet the mask and have a colour of the object that its wider surroundings
    do not have. Such a colour on both sides of the mask's edge is the object's, since what lies
    behind it goes on further out. The fill may have cut it off by `grow_px`, pixels of the view.
    """
    size = float(np.sqrt(view.mask.sum()))
    near = grown(view.mask, view.px(4) + round(0.3 * size))
    wider = grown(view.mask, view.px(8) + round(0.9 * size)) & ~near & ~view.others
    still = near & ~view.mask & ~view.others & (noticed(view.delta) == 0)
    if wider.sum() < 64 or not view.mask.any():
        return graded(0.0, LEFT, "nothing of it left beside the mask")
    own = _palette(view.before, grown(view.mask, -view.px(3)))
    known = _palette(view.before, wider)
    strange = own & ~ndimage.binary_dilation(known, structure=np.ones((3, 3, 3)))
    alike = still.copy()
    alike[still] = strange[_cells(view.after[still])]
    # A rim of mixed colours is no part: what is thinner than a few pixels is opened away.
    thick = cv2.morphologyEx(alike.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=8)
    touching = np.setdiff1d(np.unique(parts[grown(view.mask, grow_px + view.px(5))]), [0])
    share = float(stats[touching, cv2.CC_STAT_AREA].sum()) / float(view.mask.sum())
    words = "nothing of it left beside the mask" if share < 0.03 else "a part of it left standing"
    return graded(share, LEFT, words + " ({:.2f} of it)")


def stands_out(view: PairView) -> GradedFact:
    """Whether something that is not bare surroundings fills the mask afterwards.

    It has colours of its own, or lines where the surroundings have few: the better of both counts.
    """
    around = surroundings(view)
    colour = graded(
        foreign_colour(view.after, view.mask, around), BARE, "new colours stand out (ΔE {:.1f})"
    )
    steep = steepness(view.after)
    inside, outside = (float(steep[w].mean()) if w.any() else 0.0 for w in (view.mask, around))
    lines = graded((inside + 0.3) / (outside + 0.3), LINED, "{:.1f} times the lines of its place")
    best = max(colour, lines, key=lambda finding: finding.score)
    return best if best.score >= 3 else replace(best, fact="little but bare surroundings")


def newcomers(view: PairView) -> tuple[Bitmap, Bitmap, Bitmap]:
    """Three readings of which pixels are the new object.

    First, what changed near the mask to colours that the surroundings do not have; second, for an
    object that shares its colours with them, what differs from a smooth fill of the place; third,
    for one that shares them with the old object (marble in place of marble), the same wherever it
    changed or not.
    """
    changed = noticed(view.delta) > 0.5
    # An object of another outline keeps to the box of the old one, not to its mask.
    fresh = changed & filled(Box.around(view.mask), view.px(20), like=view.mask)
    known = np.zeros(CELLS, np.uint8)
    known[_cells(view.after[surroundings(view)])] = 1
    known = ndimage.binary_dilation(known, structure=np.ones((3, 3, 3)))
    unknown = fresh.copy()
    unknown[fresh] = ~known[_cells(view.after[fresh])]
    apart = colour_distance(view.after, _smooth_fill(view, changed)) > PLAIN
    return unknown, fresh & apart, (fresh | grown(view.mask, view.px(3))) & apart


def _smooth_fill(view: PairView, changed: Bitmap) -> Plane:
    """The place without what changed: its surroundings drawn inwards, as coarse as 64 px."""
    height, width = view.delta.shape
    shrink = min(1.0, 64 / max(height, width))
    size = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    hole = grown(view.mask | changed, view.px(6)).astype(np.float32)
    small_hole = (cv2.resize(hole, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    # OpenCV's inpainting takes bytes: Lab is moved into their range and back.
    coarse = cv2.resize(view.after, size, interpolation=cv2.INTER_AREA) * LAB_STEP + LAB_ZERO
    filled = cv2.inpaint(np.clip(coarse, 0, 255).astype(np.uint8), small_hole, 3, cv2.INPAINT_TELEA)
    smooth = (filled.astype(np.float32) - LAB_ZERO) / LAB_STEP
    return np.asarray(cv2.resize(smooth, (width, height)), np.float32)


def _cells(colours: NDArray[np.float32]) -> tuple[NDArray[np.intp], ...]:
    """Indices of colours in a grid of Lab whose cells are 6 units wide."""
    steps = np.floor_divide(colours + np.array([0, 96, 96]), 6.0).astype(np.intp)
    return tuple(np.clip(steps[:, axis], 0, CELLS[axis] - 1) for axis in range(3))


def fine_detail(lab: Plane) -> Plane:
    """Luminance minus its local mean (Gaussian, sigma 1.5 px), absolute."""
    light = np.ascontiguousarray(lab[..., 0])
    return np.asarray(np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.5)), np.float32)


def _palette(lab: Plane, where: Bitmap) -> NDArray[np.bool_]:
    """The cells of Lab that have more than a few of the pixels in `where`."""
    counts = np.zeros(CELLS, np.int32)
    np.add.at(counts, _cells(lab[where]), 1)
    return np.asarray(counts >= max(4, OWN_FRAC * float(where.sum())))


def _sample(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    return colours[:: max(1, len(colours) // SAMPLES)]
