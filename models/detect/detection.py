"""What a detector takes and returns."""

from dataclasses import dataclass
from typing import Literal

from models.annotation import Annotation
from models.geometry import Box, Rgb

RegionKind = Literal["object", "background"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectRequest:
    """An image with the nouns to look for, and what its source says of it."""

    image: Rgb
    object_nouns: tuple[str, ...]
    background_nouns: tuple[str, ...]
    annotation: Annotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One named box."""

    name: str
    kind: RegionKind
    box: Box
    score: float
    """Confidence, 0 to 1."""
