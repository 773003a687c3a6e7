"""The embedded segmenter: GrabCut on a reduced crop, with edges drawn again on native pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detect.detection import Found
from models.drawing import is_drawing
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.graph_cut import cut
from models.recorded import Recorded
from models.segment.bays import bays
from models.segment.claims import confidence, settle
from models.segment.leftover import leftover
from models.segment.segmentation import Segmented, SegmentRequest
from models.segment.window import Window

_LEAST_GUESS = 0.08
"""A flood that leaves less of the box than this has leaked; the whole box is guessed instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """What GrabCut starts from."""

    labels: NDArray[np.uint8]
    """GC_BGD, GC_PR_BGD, GC_PR_FGD or GC_FGD for each reduced pixel."""
    rgb: Rgb
    """The colours it may learn from."""


def flood_seeds(window: Window) -> Seeds:
    """Smooth areas that reach in from outside the box are background, the rest is the object.

    Finds outlined and plain objects alike as long as their contour is unbroken; GrabCut then
    repairs the enclosed holes that no flood can reach.
    """
    count, pieces = cv2.connectedComponents(
        (window.edges < window.smooth_below).astype(np.uint8), connectivity=4
    )
    size = np.maximum(np.bincount(pieces.ravel(), minlength=count), 1)
    outside = np.bincount(pieces[window.outside], minlength=count) / size
    in_ring = np.bincount(pieces[window.ring], minlength=count) > 0
    smooth = np.arange(count) > 0
    # A piece that merely leaks out through a gap lies mostly inside the box, far below the share
    # of the crop that is outside; a piece of background does not.
    flooded = (smooth & in_ring & (outside > 0.4 * window.outside.mean()))[pieces]
    # A neighbour's pixels lie in the neighbour's box: touching outlines join into one piece.
    neighbour = (smooth & ~in_ring & (outside > 0.5))[pieces] & window.foreign

    labels = np.where(flooded, cv2.GC_PR_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    inside = ~window.outside
    if np.count_nonzero(inside & ~flooded) < _LEAST_GUESS * np.count_nonzero(inside):
        labels[inside] = cv2.GC_PR_FGD
    labels[neighbour | window.outside] = cv2.GC_BGD
    return Seeds(
        labels=labels, rgb=window.masked_out((window.outside & window.foreign) | neighbour)
    )


def centre_seeds(window: Window) -> Seeds:
    """The middle of the box is the object for certain, its corners probably are not.

    For photographs whose subject shares its colours with what is around it.
    """
    labels = np.full(window.outside.shape, cv2.GC_BGD, np.uint8)
    rows, cols = np.nonzero(~window.outside)
    centre = (int(cols.mean()), int(rows.mean()))
    half = (float(np.ptp(cols) + 1) / 2, float(np.ptp(rows) + 1) / 2)
    labels[~window.outside] = cv2.GC_PR_BGD
    for share, label in ((1.05, cv2.GC_PR_FGD), (0.45, cv2.GC_FGD)):
        axes = (max(1, int(share * half[0])), max(1, int(share * half[1])))
        ellipse = np.zeros(labels.shape, np.uint8)
        cv2.ellipse(ellipse, centre, axes, 0, 0, 360, 1, cv2.FILLED)
        labels[(ellipse > 0) & ~window.outside] = label
    return Seeds(labels=labels, rgb=window.masked_out(window.outside & window.foreign))


_EDGE_TOLERANCE = (0.02 * 255) ** 2
"""Guided filter's epsilon: steps far above 2 % of the range are edges to follow."""


def tidied(mask: Bitmap, *, speck_frac: float, hole_frac: float) -> Bitmap:
    """Drop islands and fill holes smaller than these shares of the mask's area."""
    area = np.count_nonzero(mask)
    kept = mask & ~_small_pieces(mask, speck_frac * area)
    return kept | _small_pieces(~kept, hole_frac * area)


def _small_pieces(mask: Bitmap, least_px: float) -> Bitmap:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < least_px
    small[0] = False
    return np.asarray(small[pieces], np.bool_)


def native_mask(window: Window, mask: Bitmap) -> Bitmap:
    """The reduced mask at the crop's own resolution, its edge drawn along the image's edges.

    A guided filter (He et al., 2010) with the crop as its guide, as wide as one and a half reduced
    pixels: the error that reducing has made.
    """
    height, width = window.native.shape[:2]
    soft = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    if window.scale < 1.0:
        radius_px = int(np.ceil(1.5 / window.scale))
        # A window several pixels wide loses nothing when its coefficients are fitted at half size.
        fitted_at = 0.5 if radius_px > 3 else 1.0
        soft = cv2.ximgproc.guidedFilter(
            window.native, soft, radius_px, _EDGE_TOLERANCE, scale=fitted_at
        )
    return np.asarray(soft > 0.5, np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrabCutSegmenter(Recorded):
    """One mask for each box, from pixels and boxes alone; about 0.06 s a box on one core.

    Two guesses compete: what the box's surroundings flood is background, or the box's middle is
    the object. The second is tried only where the first looks poor, and the mask that
    `confidence` prefers is kept. A drawn object's mask gives back the scenery in its bays.
    """

    long_side_px: int = 256
    """GrabCut works on a crop no larger than this; its time grows with the square."""
    margin_frac: float = 0.15
    """The surroundings that it sees, as a share of the box's longer side."""
    iterations: int = 2
    """Rounds of GrabCut. A third moves the mean IoU on drawn scenes by less than 0.001."""
    speck_frac: float = 0.005
    """Islands smaller than this share of the object are dropped."""
    hole_frac: float = 0.01
    """Holes smaller than this share of the object are filled."""
    good_enough: float = 0.8
    """A first mask with this confidence is not challenged by the second guess."""
    background_gap_px: int = 1
    """Objects are grown by this before they are cut out of a background: as far as edges blend."""

    name = "grabcut"
    version = "2"

    def setup(self) -> None:
        """Nothing to load."""

    def segment(self, requests: Sequence[SegmentRequest]) -> list[tuple[Segmented, ...] | Fault]:
        """One mask with its estimated quality for each box, in the boxes' order."""
        return [self._segment_or_fault(request) for request in requests]

    def _segment_or_fault(self, request: SegmentRequest) -> tuple[Segmented, ...] | Fault:
        try:
            return self._segment(request)
        except FaultError as error:
            return error.fault

    def _segment(self, request: SegmentRequest) -> tuple[Segmented, ...]:
        objects = [found for found in request.found if found.kind == "object"]
        boxes = [_inside(found, request.image) for found in objects]
        drawn = is_drawing(request.image)
        cuts = [
            self._object(request.image, box, boxes[:i] + boxes[i + 1 :], drawn=drawn)
            for i, box in enumerate(boxes)
        ]
        masks = settle(request.image, [mask.mask for mask in cuts])
        settled = [
            Segmented(mask=mask, score=one.score) for mask, one in zip(masks, cuts, strict=True)
        ]
        height, width = request.image.shape[:2]
        background = leftover((width, height), settled, self.background_gap_px)
        in_order = iter(settled)
        return tuple(
            next(in_order) if found.kind == "object" else background for found in request.found
        )

    def _object(self, image: Rgb, box: Box, others: Sequence[Box], *, drawn: bool) -> Segmented:
        window = Window.around(
            image, box, others, long_side_px=self.long_side_px, margin_frac=self.margin_frac
        )
        mask = self._cut(flood_seeds(window))
        score = confidence(window, mask)
        if score < self.good_enough:
            rival = self._cut(centre_seeds(window))
            rival_score = confidence(window, rival)
            if rival_score > score:
                mask, score = rival, rival_score
        if drawn:
            mask = self._tidied(mask & ~bays(window, mask))
        whole = np.zeros(image.shape[:2], np.bool_)
        whole[window.crop.slices] = native_mask(window, mask)
        outside = np.ones_like(whole)
        outside[box.slices] = False
        whole[outside] = False
        return Segmented(mask=whole, score=score)

    def _cut(self, seeds: Seeds) -> Bitmap:
        return self._tidied(cut(seeds.rgb, seeds.labels, self.iterations))

    def _tidied(self, mask: Bitmap) -> Bitmap:
        return tidied(mask, speck_frac=self.speck_frac, hole_frac=self.hole_frac)


def _inside(found: Found, image: Rgb) -> Box:
    height, width = image.shape[:2]
    box = found.box.clipped(width, height)
    if box.area_px == 0:
        detail = f"box {found.box} of {found.name!r} lies outside the {width} x {height} image"
        raise FaultError(Reason.EMPTY_MASK, detail)
    return box
