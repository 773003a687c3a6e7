"""What a segmenter takes and returns."""

from dataclasses import dataclass

from models.detect.detection import Found
from models.geometry import Bitmap, Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRequest:
    """One image with all of its boxes, so that the image is encoded once."""

    image: Rgb
    found: tuple[Found, ...]
    """Objects and backgrounds. A background's mask is what the objects leave over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """One mask."""

    mask: Bitmap
    score: float
    """Estimated quality, 0 to 1."""
