"""Scenery that the mask of a drawn object has taken along."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.geometry import Bitmap
from models.segment.window import Window

_LEVELS = 8
"""Width of a cell of Lab, of the 256 levels of each channel."""
_COMMON_FRAC = 0.001
"""Least share of the scenery's pixels that makes a colour one of its own."""
_FLAT_FRAC = 0.1
"""Drawn objects are filled with single colours, their scenery has grain: a reduced pixel that is
flat to this share is the object's."""


def bays(window: Window, mask: Bitmap) -> Bitmap:
    """What of a drawn object's mask has the grain and the colours of its surroundings.

    Between legs, under a rotor, behind a handle: places that no flood from outside reaches, and
    whose colours a model of the object learns where a line of the scenery cuts them off.

    Args:
        window: The object with its surroundings.
        mask: Reduced pixels of the object.
    """
    around = ~mask & ~window.foreign
    if not around.any():
        return np.zeros_like(mask)
    grainy = mask & (_flatness(window) < _FLAT_FRAC)
    cells = cv2.cvtColor(window.rgb, cv2.COLOR_RGB2LAB) // _LEVELS
    known = np.zeros((256 // _LEVELS,) * 3, np.int32)
    np.add.at(known, tuple(cells[around].T), 1)
    common = ndimage.binary_dilation(known > _COMMON_FRAC * around.sum(), np.ones((3, 3, 3)))
    alike = np.zeros(mask.shape, np.uint8)
    alike[grainy] = common[tuple(cells[grainy].T)]
    # What is thinner than a few pixels is the blended edge of a line.
    return np.asarray(cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.bool_)


def _flatness(window: Window) -> NDArray[np.float32]:
    """The share of each reduced pixel around which nothing varies, 0 to 1."""
    square = np.ones((5, 5), np.uint8)
    spread = cv2.dilate(window.native, square) - cv2.erode(window.native, square)
    flat = (np.maximum.reduce(cv2.split(spread)) == 0).astype(np.float32)
    size = window.rgb.shape[1::-1]
    return np.asarray(cv2.resize(flat, size, interpolation=cv2.INTER_AREA), np.float32)
