"""The view that YOLO networks were trained on: the whole image, its shape kept, on grey."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

_GREY = (114, 114, 114)
_STRIDE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """A reduced or enlarged image with grey borders that make its sides multiples of 32.

    The same as ultralytics' `LetterBox` with `auto=True`: the smallest such rectangle, not a
    square, so what one image becomes does not depend on its neighbours in a batch.
    """

    pixels: Rgb
    scale: float
    """Pixels of the view per native pixel."""
    left_px: int
    top_px: int

    @classmethod
    def around(cls, image: Rgb, side_px: int) -> Self:
        """View an image of any size.

        Args:
            image: The image.
            side_px: Longer side of the view.
        """
        height, width = image.shape[:2]
        scale = side_px / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        view = image
        if size != (width, height):
            view = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        across, down = ((side_px - side) % _STRIDE_PX / 2 for side in size)
        left, right = round(across - 0.1), round(across + 0.1)
        top, bottom = round(down - 0.1), round(down + 0.1)
        view = np.asarray(
            cv2.copyMakeBorder(view, top, bottom, left, right, cv2.BORDER_CONSTANT, value=_GREY),
            np.uint8,
        )
        return cls(pixels=view, scale=scale, left_px=left, top_px=top)

    def to_native(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the view, n x 4 `xyxy`, as boxes of the image."""
        corner = np.array([self.left_px, self.top_px] * 2, np.float32)
        return np.asarray((boxes - corner) / self.scale, np.float32)
