"""Pictures as models take them: of a size that they can judge, and as text for an endpoint."""

import base64
from collections.abc import Callable
from math import ceil, floor, sqrt

import cv2
import numpy as np

from models.geometry import Rgb
from models.images import encode_jpeg


def fitted(image: Rgb, *, min_pixels: int, max_pixels: int, multiple: int = 1) -> Rgb:
    """The image at the size nearest to its own that a model takes; its aspect is kept within that.

    Args:
        image: Height x width x 3.
        min_pixels: Least width times height; a smaller image is enlarged.
        max_pixels: Most width times height; a larger image is shrunk by area averaging.
        multiple: Both sides are multiples of it: a patch's side times the patches that are merged,
            28 px for Qwen2.5-VL and 32 px for Qwen3-VL.
    """
    height, width = image.shape[:2]
    size = fitted_size(
        width, height, min_pixels=min_pixels, max_pixels=max_pixels, multiple=multiple
    )
    if size == (width, height):
        return image
    shrinks = size[0] * size[1] < width * height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def fitted_size(
    width: int, height: int, *, min_pixels: int, max_pixels: int, multiple: int = 1
) -> tuple[int, int]:
    """Width and height of an image once it is `fitted`.

    The upper bound always holds, but for one multiple squared; the lower one wherever there is a
    size between the two.
    """
    across, down = _sides(width, height, 1, multiple, round)
    if across * down > max_pixels:
        across, down = _sides(width, height, sqrt(max_pixels / (width * height)), multiple, floor)
    elif across * down < min_pixels:
        across, down = _sides(width, height, sqrt(min_pixels / (width * height)), multiple, ceil)
    # The short side of a very thin image was made one multiple: the long one pays for it.
    across = min(across, max(multiple, max_pixels // down // multiple * multiple))
    down = min(down, max(multiple, max_pixels // across // multiple * multiple))
    return across, down


def _sides(
    width: int, height: int, scale: float, multiple: int, to_whole: Callable[[float], int]
) -> tuple[int, int]:
    across, down = (
        max(1, to_whole(side * scale / multiple)) * multiple for side in (width, height)
    )
    return across, down


def data_uri(image: Rgb, *, jpeg_quality: int | None = 95) -> str:
    """The image as text: JPEG of a quality of 1 to 100, or lossless PNG for None."""
    if jpeg_quality is not None:
        return _uri("jpeg", encode_jpeg(image, quality=jpeg_quality))
    _, encoded = cv2.imencode(".png", image[..., ::-1])
    return _uri("png", encoded.tobytes())


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
