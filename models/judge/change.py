"""How much changed, and whether it changed only where it was asked for."""

import cv2
import numpy as np

from models.edit_types.spec import PaintFunction
from models.geometry import Bitmap, Box, lengths
from models.judge.findings import Curve, GradedFact, graded
from models.judge.view import PairView, Plane, grown, luma_gradient, steepness
from models.vocabulary import PaintKind

NOTICED, PLAIN = 4.0, 14.0
"""CIE76 differences: below the first a change is taken for coding noise, above the second it is
plain to see; between them it counts in part. 2.3 is the just noticeable difference (Mahy 1994)."""

SLACK_PX = 6
"""How far a mask may miss its object (1 to 3 px) and a seam may be feathered, at 1024 px."""

STRIDE_FRAC = 0.06
"""How far a person's things and shadow reach beyond the box around all poses."""

SHADOW_FRAC = 0.06
"""How far a contact shadow reaches beyond its object's box, as a share of the longer side."""

UNCHANGED_FRAC = 0.02
"""Less change than this inside the mask is no edit."""

SPILL: Curve = ((0.0, 5.0), (0.02, 4.6), (0.08, 3.5), (0.2, 2.4), (0.45, 1.4), (0.8, 1.0))
"""Changed pixels where nothing was asked for, as a share of the subject's own pixels."""
LAYOUT: Curve = ((0.1, 1.0), (0.3, 2.5), (0.5, 4.0), (0.7, 5.0))
"""Correlation of coarse structure before and after, -1 to 1."""
KEPT: Curve = ((0.2, 1.0), (0.45, 2.5), (0.65, 4.0), (0.8, 5.0))
"""Correlation of an object's luminance gradients before and after, -1 to 1."""


def noticed(delta: Plane) -> Plane:
    """How plainly each pixel changed, 0 to 1."""
    return np.asarray(np.clip((delta - NOTICED) / (PLAIN - NOTICED), 0.0, 1.0), np.float32)


def changed_frac(delta: Plane, where: Bitmap) -> float:
    """Share of the pixels in `where` that changed, 0 to 1; 0 where there are none."""
    return float(noticed(delta)[where].mean()) if where.any() else 0.0


def reach(mask: Bitmap, kind: PaintKind | PaintFunction, *, grow_px: int) -> Bitmap:
    """Where an operation may change the image, given its mask and how far painting may exceed it.

    A style may change everything, and so may an extraction, whose object need not stay in place.
    The later frame of a clip may differ around the person, who has moved. A new object has an
    outline of its own, inside the box of the old one.
    """
    if kind in (PaintKind.STYLISE, PaintKind.ISOLATE):
        return np.ones_like(mask)
    box = Box.around(mask)
    if kind is PaintKind.FRAME:
        return filled(box, grow_px + round(STRIDE_FRAC * max(box.width, box.height)), like=mask)
    if kind is PaintKind.INSERT:
        return grown(mask, grow_px) | filled(box, grow_px, like=mask)
    return grown(mask, grow_px)


def filled(box: Box, margin_px: int, *, like: Bitmap) -> Bitmap:
    """The box with a margin as a mask of the size of another."""
    height, width = like.shape
    filled = np.zeros_like(like)
    filled[box.grown(margin_px, width=width, height=height).slices] = True
    return filled


def shaded(view: PairView, mask: Bitmap) -> Bitmap:
    """Pixels near a mask that only became lighter or darker: a shadow goes with its object.

    Multiplying light scales L, a and b alike (nearly), so what is left after that is a change of
    colour.
    """
    box = Box.around(mask)
    height, width = mask.shape
    near = box.grown(round(SHADOW_FRAC * max(box.width, box.height)), width=width, height=height)
    before, after = view.before[near.slices], view.after[near.slices]
    ratio = (after[..., 0] + 1.0) / (before[..., 0] + 1.0)
    tint = lengths(after[..., 1:] - before[..., 1:] * ratio[..., None])
    shade = np.zeros_like(mask)
    shade[near.slices] = (np.abs(np.log(ratio)) < 0.5) & (tint < NOTICED + 2)
    return shade


def spill(canvas: PairView, allowed: Bitmap) -> GradedFact:
    """Change where none was asked for, against the area of the smaller side of the edit."""
    untouched = ~allowed
    extent = max(1, min(int(canvas.mask.sum()), max(1, int(untouched.sum()))))
    share = float(noticed(canvas.delta)[untouched].sum()) / extent
    words = "outside unchanged" if share < 0.02 else "change spilled outside ({:.2f})"
    return graded(share, SPILL, words)


def layout(view: PairView) -> GradedFact:
    """Whether the composition is kept under a style."""
    return graded(layout_likeness(view), LAYOUT, "layout correlation {:.2f}")


def layout_likeness(view: PairView) -> float:
    """Correlation of structure at about 96 px across, -1 to 1.

    The better of two correlations: luminance, and gradient magnitude, which a style that draws
    lines on white keeps while it loses the tones.
    """
    height, width = view.delta.shape
    shrink = min(1.0, 96 / max(height, width))
    size = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    tones = [_coarse(lab[..., 0], size) for lab in (view.before, view.after)]
    edges = [_coarse(steepness(lab), size) for lab in (view.before, view.after)]
    return max(_correlation(*tones), _correlation(*edges))


def geometry_kept(view: PairView, where: Bitmap) -> GradedFact:
    """Whether an object's inner lines stayed where they were."""
    return graded(gradient_correlation(view, where), KEPT, "geometry correlation {:.2f}")


def gradient_correlation(view: PairView, where: Bitmap) -> float:
    """Cosine between the luminance gradients of both images over `where`; 1 where both are flat."""
    (bx, by), (ax, ay) = luma_gradient(view.before), luma_gradient(view.after)
    dot = float((bx[where] * ax[where] + by[where] * ay[where]).sum())
    before = float((bx[where] ** 2 + by[where] ** 2).sum())
    after = float((ax[where] ** 2 + ay[where] ** 2).sum())
    if max(before, after) < 1e-3 * max(1, int(where.sum())):
        return 1.0
    return dot / float(np.sqrt(max(before, 1e-6) * max(after, 1e-6)))


def _coarse(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _correlation(one: Plane, two: Plane) -> float:
    a, b = one - one.mean(), two - two.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-6 else 0.0
