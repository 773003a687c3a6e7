"""Where an edit was asked for: by truth, by a mask, or by what is found to have changed."""

import cv2
import numpy as np

from benchmark.cases import BenchCase, pixels
from benchmark.suites.studio.versions import RIM_PX, TYPES, masks_before, truth_of, version_of
from models.geometry import Bitmap, Rgb
from models.judge.change import noticed
from models.judge.view import colour_distance, grown, to_lab
from models.vocabulary import PaintKind

_SPECK_PX = 5
"""Detected changes that are narrower are coding noise."""


def asked_region(case: BenchCase, turn: int, given: Rgb, result: Rgb) -> Bitmap:
    """Where the turn may change the picture, with a rim; everything for styles and cut-outs.

    Outside of what is found to have changed, little can have: fidelity then says less.

    Args:
        case: The case.
        turn: Counted from 1.
        given: What the turn was said of, height x width x 3.
        result: The output at the same size.

    Raises:
        FaultError: The case's mask cannot be read.
    """
    if case.truth is not None:
        return grown(_true_region(case, turn), RIM_PX)
    if is_extraction(case, turn):
        return np.ones(given.shape[:2], np.bool_)
    if case.mask is not None:
        mask = np.asarray(pixels(case.mask).max(axis=2) > 0, np.uint8)
        size = (given.shape[1], given.shape[0])
        fitted = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return grown(np.asarray(fitted, np.bool_), RIM_PX)
    plain = noticed(colour_distance(to_lab(given), to_lab(result))) > 0.5
    kernel = np.ones((_SPECK_PX, _SPECK_PX), np.uint8)
    opened = cv2.morphologyEx(plain.view(np.uint8), cv2.MORPH_OPEN, kernel)
    return grown(np.asarray(opened, np.bool_), RIM_PX)


def is_extraction(case: BenchCase, turn: int) -> bool:
    """Whether the turn asks for an object alone on white."""
    steps = [s for o in case.turns[turn - 1].operations for s in TYPES[o.edit_type].steps]
    return case.task == "extract" or any(step.paint is PaintKind.ISOLATE for step in steps)


def _true_region(case: BenchCase, turn: int) -> Bitmap:
    before, after = masks_before(case, turn), version_of(case, turn)
    if is_extraction(case, turn):
        return np.ones_like(before[0])
    if after.whole is not None:
        return np.asarray(np.logical_or.reduce(before))
    # In a dialogue, what other turns edit stays out as well: the checks look at that.
    later = after.masks(truth_of(case).subjects)
    return np.asarray(np.logical_or.reduce([*before, *later]))
