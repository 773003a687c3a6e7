"""At which size an editor sees an image, and answers."""

from math import sqrt

from models.edit.editor import EditRequest
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.pipeline_pixels import resized

CELL_PX = 16
"""Sides are multiples of this: latents at 1/8, packed by two."""
LEAST_PX = 64
"""FLUX.2 takes no image with a shorter side."""
MOST_ASPECT = 8.0
"""Long side to short side; FLUX.2 takes no image beyond it."""


def output_size(height: int, width: int, area_px: int) -> tuple[int, int]:
    """Height and width of an editor's answer: the image's aspect, no more than `area_px` pixels.

    Both sides go down to a multiple of 16 alike: a pipeline shrinks what is larger than the area
    once more, and the answer would be shifted against its source.
    """
    aspect = width / height
    sides = (sqrt(area_px / aspect), sqrt(area_px * aspect))
    rows, cols = (max(LEAST_PX, int(side) // CELL_PX * CELL_PX) for side in sides)
    return rows, cols


def sized(image: Rgb, area_px: int) -> Rgb:
    """The image at its output size."""
    height, width = image.shape[:2]
    return resized(image, *output_size(height, width, area_px))


def within(image: Rgb, area_px: int) -> Rgb:
    """The image at no more than `area_px` pixels; a small one keeps its size, but for cells."""
    height, width = image.shape[:2]
    return sized(image, min(area_px, height * width))


def refused(request: EditRequest) -> Fault | None:
    """Why an editor would not take the request's images, if it would not."""
    for image in (request.image, request.reference):
        if image is not None and max(image.shape[:2]) > MOST_ASPECT * min(image.shape[:2]):
            height, width = image.shape[:2]
            detail = f"an image of {width} x {height} px is longer than {MOST_ASPECT:g} to 1"
            return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    return None
