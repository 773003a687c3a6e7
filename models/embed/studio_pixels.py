"""Images as the studio's CLIP takes them, in training as in use."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

SIDE_PX = 96
"""The network looks at squares of this side."""

_WHITE = 255


def on_square(image: Rgb) -> Rgb:
    """An image as large as fits into a white square of `SIDE_PX`, in its middle."""
    height, width = image.shape[:2]
    scale = SIDE_PX / max(height, width)
    rows, cols = max(1, round(height * scale)), max(1, round(width * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.full((SIDE_PX, SIDE_PX, 3), _WHITE, np.uint8)
    top, left = (SIDE_PX - rows) // 2, (SIDE_PX - cols) // 2
    square[top : top + rows, left : left + cols] = cv2.resize(
        image, (cols, rows), interpolation=how
    )
    return square


def network_input(squares: Sequence[Rgb]) -> NDArray[np.float32]:
    """Squares as the network takes them: n x 3 x SIDE_PX x SIDE_PX, -1 to 1."""
    pixels = np.stack(squares).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels, np.float32) / np.float32(127.5) - np.float32(1)
