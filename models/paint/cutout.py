"""An object cut out of its image with soft edges, to be put somewhere else or at another size."""

from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.filters import resized
from models.paint.matte import find_rim
from models.paint.noise import Field

MARGIN_PX = 6
"""Room around the object for its soft rim."""
RIM_PX = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """The pixels of one object, and where they belong."""

    box: Box
    """In pixels of an image, beyond which it may reach."""
    rgb: Rgb
    """The box's pixels; at the rim the object's own colour, unmixed from what was behind."""
    opacity: Field
    """0 to 1, height x width of the box."""

    @property
    def extent(self) -> Box:
        """The tight box around what is more opaque than not, in pixels of the image."""
        held, (x, y) = Box.around(self.opacity > 0.5), (self.box.x0, self.box.y0)
        return Box(x + held.x0, y + held.y0, x + held.x1, y + held.y1)

    def scaled(self, factor: float) -> Self:
        """The object at `factor` times its width and height, about the middle of its ground line.

        Colours are weighted by opacity, so that nothing from outside bleeds in.
        """
        size = tuple(max(1, round(side * factor)) for side in self.rgb.shape[1::-1])
        kernel = cv2.INTER_LANCZOS4 if factor > 1 else cv2.INTER_AREA
        weighted = resized(
            self.rgb.astype(np.float32) * self.opacity[..., None], (size[0], size[1]), kernel
        )
        cover = np.clip(resized(self.opacity, (size[0], size[1]), kernel), 0, 1)
        colour = weighted / np.maximum(cover, 1e-3)[..., None]
        old = self.extent
        middle = (old.x0 + old.x1) / 2
        left = round(middle - factor * (middle - self.box.x0))
        top = round(old.y1 - factor * (old.y1 - self.box.y0))
        return replace(
            self,
            box=Box(left, top, left + size[0], top + size[1]),
            rgb=np.clip(np.rint(colour), 0, 255).astype(np.uint8),
            opacity=cover,
        )

    def moved_into(self, image: Rgb) -> Self:
        """The object moved just so far that the image holds it whole.

        Raises:
            FaultError: it is larger than the image.
        """
        (height, width), at = image.shape[:2], self.extent
        if at.width > width or at.height > height:
            detail = f"{at.width} x {at.height} px do not fit into {width} x {height}"
            raise FaultError(Reason.UNPAINTABLE, detail)
        x = min(max(at.x0, 0), width - at.width) - at.x0
        y = min(max(at.y0, 0), height - at.height) - at.y0
        box = Box(self.box.x0 + x, self.box.y0 + y, self.box.x1 + x, self.box.y1 + y)
        return replace(self, box=box)

    def paste(self, image: Rgb) -> None:
        """Put the object onto an image, in place; what reaches outside is left out."""
        at = self.box.clipped(image.shape[1], image.shape[0])
        here = Box(
            at.x0 - self.box.x0, at.y0 - self.box.y0, at.x1 - self.box.x0, at.y1 - self.box.y0
        ).slices
        under, cover = image[at.slices].astype(np.float32), self.opacity[here][..., None]
        image[at.slices] = np.rint(under + (self.rgb[here] - under) * cover).astype(np.uint8)


def cut_out(image: Rgb, mask: Bitmap) -> Cutout:
    """The masked object, at its place.

    Raises:
        FaultError: the mask is empty.
    """
    tight = Box.around(mask)
    if not tight.area_px:
        raise FaultError(Reason.EMPTY_MASK, "the mask to cut out is empty")
    box = tight.grown(MARGIN_PX, width=mask.shape[1], height=mask.shape[0])
    rgb, opacity = _unmixed(image[box.slices], mask[box.slices])
    return Cutout(box=box, rgb=rgb, opacity=opacity)


def _unmixed(image: Rgb, mask: Bitmap) -> tuple[Rgb, Field]:
    """The colours with those of the rim unmixed, and the opacity."""
    rgb, opacity = image.copy(), mask.astype(np.float32)
    rim = find_rim(image, mask, inner_px=RIM_PX, outer_px=RIM_PX)
    solid = (rim.opacity > 0.98) & mask[rim.rows, rim.cols]
    opacity[rim.rows, rim.cols] = np.where(solid, 1.0, rim.opacity)
    own = image[rim.rows, rim.cols]
    rgb[rim.rows, rim.cols] = np.where(solid[:, None], own, np.rint(rim.colour).astype(np.uint8))
    return rgb, opacity
