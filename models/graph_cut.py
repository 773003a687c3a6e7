"""GrabCut, made deterministic."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Rgb

_NO_RECT = (0, 0, 0, 0)
_MODEL_SIZE = 65
"""Weights, means and covariances of five Gaussians in three channels, in one row."""


def cut(rgb: Rgb, labels: NDArray[np.uint8], iterations: int) -> Bitmap:
    """Run GrabCut (Rother et al., 2004) from a first guess; the same guess gives the same mask.

    Args:
        rgb: The pixels whose colours are learned, height x width x 3.
        labels: GC_BGD, GC_PR_BGD, GC_PR_FGD or GC_FGD for each pixel; not modified.
        iterations: Rounds of learning and cutting.
    """
    # The odd labels are foreground. GrabCut asserts that it has samples of both.
    foreground = np.asarray(labels % 2 == 1, np.bool_)
    if foreground.all() or not foreground.any():
        return foreground
    # OpenCV keeps a generator for each thread, and GrabCut draws its first clusters from it.
    cv2.setRNGSeed(0)
    inside, outside = np.zeros((1, _MODEL_SIZE)), np.zeros((1, _MODEL_SIZE))
    found, _, _ = cv2.grabCut(
        rgb, labels.copy(), _NO_RECT, outside, inside, iterations, cv2.GC_INIT_WITH_MASK
    )
    return np.asarray(found % 2 == 1, np.bool_)
