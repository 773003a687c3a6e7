"""Images on their way into a pipeline, and out of it if they are pictures at all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.faults import Fault, Reason
from models.geometry import Bitmap, Rgb

if TYPE_CHECKING:
    import torch

BLACK = 2
"""A picture whose brightest value is not above this is black: what most pipelines make of NaN."""
WHITE = 250
"""A picture of one colour above this may be right: a white page whose only object is erased."""


def resized(rgb: Rgb, height: int, width: int) -> Rgb:
    """Area averages where it shrinks, bicubic where it grows."""
    if rgb.shape[:2] == (height, width):
        return rgb
    shrinks = height * width < rgb.shape[0] * rgb.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=how), np.uint8)


def to_tensor(images: Sequence[Rgb]) -> "torch.Tensor":
    """Images of one size as diffusers takes them: n x 3 x height x width, float32, 0 to 1."""
    import torch

    stacked = np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked).float() / 255


def to_mask(masks: Sequence[Bitmap]) -> "torch.Tensor":
    """Masks of one size as diffusers takes them: n x 1 x height x width, float32, 1 to paint."""
    import torch

    return torch.from_numpy(np.stack(masks)[:, None].astype(np.float32))


def to_pixels(tensor: "torch.Tensor") -> list[Rgb | Fault]:
    """What a pipeline gives for `output_type="pt"`, as images in host memory.

    Args:
        tensor: n x 3 x height x width, 0 to 1, on any device.

    Returns:
        For each image its pixels, or `BAD_PIXELS` if it holds NaN, is black or of one colour.
    """
    finite = tensor.isfinite().flatten(1).all(dim=1).tolist()
    scaled = (tensor.float().nan_to_num(0.0).clamp(0, 1) * 255).round().byte()
    images = scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return [checked(image, finite=sound) for image, sound in zip(images, finite, strict=True)]


def checked(image: Rgb, *, finite: bool = True) -> Rgb | Fault:
    """The image, or `BAD_PIXELS` if it is no picture.

    Args:
        image: What the model answered.
        finite: Whether it answered with numbers only; pixels cannot tell any more.
    """
    if not finite:
        return _bad("the model answered with NaN or infinite values")
    darkest, brightest = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    if brightest.max() <= BLACK:
        return _bad("the model answered with a black image")
    if (darkest == brightest).all() and darkest.min() < WHITE:
        return _bad(f"the model answered with one colour, {darkest.tolist()}")
    return image


def _bad(what: str) -> Fault:
    return Fault(reason=Reason.BAD_PIXELS, detail=f"{what}; another dtype of [runtime] may cure it")
