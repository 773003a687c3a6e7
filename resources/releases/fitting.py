"""Brings a result to the size of its source, by one rule.

Editors round sides to multiples of 8 or 16, or work at a size of their own. A result of the
source's aspect, to 3 % (half of 16 px on each side of 512 px), is scaled to the source's size; one
of another aspect was cropped or extended, and is none of the source's frame.
"""

import cv2

from models.faults import FaultError, Reason
from models.images import decode, read_header
from resources.releases.renditions import encode

MAX_ASPECT_ERROR = 0.03


def fit(target: bytes, width: int, height: int, *, max_pixels: int) -> tuple[bytes, str]:
    """A result at a size in px, and the size that it came in, `904x678`; "" where that is the same.

    Raises:
        FaultError: BAD_ROW for another aspect; DECOMPRESSION_BOMB for more than `max_pixels`.
    """
    had = read_header(target)
    if (had.width, had.height) == (width, height):
        return target, ""
    if abs(had.width * height / (had.height * width) - 1) > MAX_ASPECT_ERROR:
        detail = (
            f"source {width}x{height}, target {had.width}x{had.height}: their aspects differ by "
            f"more than {MAX_ASPECT_ERROR:.0%}"
        )
        raise FaultError(Reason.BAD_ROW, detail)
    rgb = decode(target, max_pixels=max_pixels)
    shrinks = had.width * had.height > width * height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    scaled = cv2.resize(rgb, (width, height), interpolation=way)
    return encode(scaled).payload, f"{had.width}x{had.height}"
