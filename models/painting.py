"""What a painter is asked for, and what it returns."""

from dataclasses import dataclass
from typing import Self

from models.geometry import Bitmap, Box, Rgb, differing
from models.vocabulary import PaintKind, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintRequest:
    """One region of one image, at native resolution."""

    kind: PaintKind | None
    """None for an edit type that paints the step itself."""
    image: Rgb
    mask: Bitmap
    """Height x width; the subject, or for a backdrop all but the subject; all True for a style."""
    name: str
    """What the mask holds."""
    target: Target
    grow_px: int
    """How far the mask may be grown, already scaled to this image."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """Pixels to patch into the image: they replace it where `alpha` is True, nowhere else."""

    box: Box
    rgb: Rgb
    """The box's pixels, seams already blended in."""
    alpha: Bitmap
    """The box's pixels that may differ from the image."""
    subject: Bitmap | None = None
    """The box's pixels that show what was put in; None where the painter cannot tell."""

    @classmethod
    def between(cls, before: Rgb, after: Rgb) -> Self:
        """What makes one image into the other of its size: exactly the pixels that differ."""
        changed = differing(before, after)
        box = Box.around(changed)
        return cls(box=box, rgb=after[box.slices], alpha=changed[box.slices])
