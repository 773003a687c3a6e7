"""Where two frames of a clip differ, and what of them moved."""

import cv2
import numpy as np

from models.annotation import Annotation
from models.geometry import Bitmap, Box, Rgb

NOISE_LEVELS = 18
"""Differences up to this many levels of 255 are sensor or codec noise."""

MIN_BLOB_FRAC = 0.0005
"""Smaller blobs, as a share of the frame, are specks."""


def moved_mask(before: Rgb, after: Rgb) -> Bitmap:
    """The pixels that changed between two frames of one size, holes closed, specks dropped."""
    difference = cv2.absdiff(
        cv2.GaussianBlur(before, (5, 5), 0), cv2.GaussianBlur(after, (5, 5), 0)
    )
    changed = (difference.max(axis=2) > NOISE_LEVELS).astype(np.uint8)
    size = max(3, min(before.shape[:2]) // 64) | 1
    closed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    least = MIN_BLOB_FRAC * closed.size
    keep = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least]
    return np.asarray(np.isin(labels, keep))


def moved_subject(moved: Bitmap, annotation: Annotation) -> tuple[str, Box]:
    """The annotated object that holds most of the change, else the change itself.

    Returns:
        The object's name ("main subject" where no annotation fits), and its box.
    """
    best, name, box = 0, "main subject", Box.around(moved)
    height, width = moved.shape
    for thing in annotation.objects:
        candidate = Box(*(round(v) for v in thing.box)).clipped(width, height)
        if (inside := int(moved[candidate.slices].sum())) > best:
            best, name, box = inside, thing.name, candidate
    return name, box
