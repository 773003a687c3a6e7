"""Where a box lies and how big it is, in words."""

import numpy as np

from models.geometry import Box
from models.write.words import places, sizes

SIZE_GRADES = ((0.008, "tiny"), (0.04, "small"), (0.15, "medium"), (0.35, "large"))
"""Largest share of the image for each grade; above the last a box is huge."""

MIDDLE = (0.36, 0.64)
"""A box whose centre lies between these shares of an axis is in its middle."""

CORNER_FRAC = 0.24
"""A centre closer than this to two edges, as a share of both axes, is in a corner."""


def size_word(box: Box, *, width: int, height: int, rng: np.random.Generator) -> str:
    """A rough size beside the image's, as an adjective; sometimes "" for a middling one."""
    share = box.area_px / max(1, width * height)
    grade = next((grade for limit, grade in SIZE_GRADES if share < limit), "huge")
    return str(rng.choice(sizes(grade)))


def place_phrase(box: Box, *, width: int, height: int, rng: np.random.Generator) -> str:
    """A place such as "in the lower left corner"."""
    return str(rng.choice(places(region(box, width=width, height=height))))


def region(box: Box, *, width: int, height: int) -> str:
    """The part of the canvas that holds the box's centre: "lower left corner", "left", "centre"."""
    across = (box.x0 + box.x1) / 2 / max(1, width)
    down = (box.y0 + box.y1) / 2 / max(1, height)
    words = [_third(down, "upper", "lower"), _third(across, "left", "right")]
    named = " ".join(word for word in words if word)
    if all(words) and all(min(share, 1 - share) < CORNER_FRAC for share in (across, down)):
        return f"{named} corner"
    return named or "centre"


def _third(share: float, low: str, high: str) -> str:
    if share < MIDDLE[0]:
        return low
    return high if share > MIDDLE[1] else ""
