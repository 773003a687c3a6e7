"""A word for the colour that fills most of an image's border."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

_THUMBNAIL_PX = 64
_BORDER_PX = 8

# OpenCV's hue is half degrees, 0 to 179; each name reaches up to the hue beside it.
_HUES = (
    (8, "red"),
    (20, "orange"),
    (34, "yellow"),
    (80, "green"),
    (98, "teal"),
    (130, "blue"),
    (152, "purple"),
    (172, "pink"),
    (180, "red"),
)


def main_colour(image: Rgb) -> str:
    """The commonest colour name in the image's border, where the background mostly lies."""
    size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
    thumbnail = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    border = np.ones(size, np.bool_)
    border[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = False
    names, counts = np.unique(_names(thumbnail[border]), return_counts=True)
    return str(names[counts.argmax()])


def _names(rgb: NDArray[np.uint8]) -> NDArray[np.str_]:
    """The name of each of n colours, n x 3."""
    hue, saturation, value = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2HSV)[0].T
    limits = [limit for limit, _ in _HUES]
    named = np.array([name for _, name in _HUES])[np.searchsorted(limits, hue, side="right")]
    # Brown is what people call dark orange; the greys are what has no hue to speak of.
    named = np.where((named == "orange") & (value < 170), "brown", named)
    grey = np.select([value < 60, value > 205], ["black", "white"], "grey")
    return np.asarray(np.where((saturation < 40) | (value < 45), grey, named), np.str_)
