"""Two first guesses for GrabCut: what the surroundings flood, and what lies in the middle."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
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
