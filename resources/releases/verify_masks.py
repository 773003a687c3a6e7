"""Checks the masks of a row of a release, and proves that its edit lies where they are."""

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError
from models.geometry import Bitmap, Box, Rgb
from models.masks import Rle, distance_px
from resources.releases.damage import Damage
from resources.releases.read import fitting_masks
from resources.releases.stored import StoredRow

DECODER_LEVELS = 4
"""How far two decoders of one JPEG may differ, of 255."""

LEAST_CHANGED_FRAC = 0.25
"""The least share of each mask that an edit of it changes: of 154 pairs of the embedded painter, an
object made another colour had the least, 0.46; a mask of something else has 0."""

MOST_GROW_FRAC = 0.5
"""The most that an edit may reach beyond its masks, as a share of the longer side of their box:
shadows and new objects of those pairs took 0.39 at most."""
MOST_GROW_PX = 128
"""The same for a small subject, in pixels of an image 1024 px on its short side: twice what a
diffusion model needs around what it paints."""


def mask_complaints(row: StoredRow, pixels: Mapping[str, Rgb]) -> Iterator[tuple[Damage, str]]:
    """What is wrong with a row's masks, given those of its images that decode."""
    masks, boxes = row.values.get("masks"), row.values.get("boxes")
    if "source" not in pixels or not isinstance(masks, list):
        return
    height, width = pixels["source"].shape[:2]
    try:
        rles = fitting_masks(masks, width, height)
    except FaultError as error:
        yield Damage.BAD_MASK, error.fault.detail
        return
    tight = [[r.box.x0, r.box.y0, r.box.x1, r.box.y1] for r in rles]
    if boxes != tight:
        yield Damage.BAD_BOX, f"boxes are {str(boxes)[:80]}, those of the masks {str(tight)[:80]}"
    union = np.zeros((height, width), np.bool_)
    for rle in rles:
        union |= rle.decode()
    yield from _mask_image(union if rles else None, pixels.get("mask"))
    target, grow_px = pixels.get("target"), row.values.get("grow_px")
    if target is not None and target.shape == pixels["source"].shape and isinstance(grow_px, int):
        yield from _bounds(pixels["source"], target, union, grow_px)
        yield from _unchanged(pixels["source"], target, rles)


def _mask_image(union: Bitmap | None, mask: Rgb | None) -> Iterator[tuple[Damage, str]]:
    if union is None or mask is None:
        if (union is None) != (mask is None):
            yield Damage.BAD_MASK, "there is a mask image without masks, or masks without it"
    elif mask.shape[:2] == union.shape and not np.array_equal(mask[..., 0] >= 128, union):
        yield Damage.BAD_MASK, "the mask image is not the union of the masks"


def _bounds(source: Rgb, target: Rgb, union: Bitmap, grow_px: int) -> Iterator[tuple[Damage, str]]:
    """Whether all that changed lies in the grown masks, and they are not grown beyond measure."""
    box = Box.around(union)
    most = max(MOST_GROW_FRAC * max(box.width, box.height), MOST_GROW_PX * min(union.shape) / 1024)
    if grow_px > most:
        yield (
            Damage.BAD_MASK,
            f"the edit may reach {grow_px} px beyond its masks, {most:.0f} at most",
        )
    far = largest_change(source, target) > DECODER_LEVELS
    at = Box.around(union | far).slices
    if outside := np.count_nonzero(far[at] & (distance_px(union[at]) > grow_px)):
        yield Damage.BAD_MASK, f"{outside:,} px changed more than {grow_px} px beyond the masks"


def _unchanged(source: Rgb, target: Rgb, masks: Sequence[Rle]) -> Iterator[tuple[Damage, str]]:
    """Masks that say of far more than what changed that it was edited."""
    changed = largest_change(source, target) > 0
    for number, mask in enumerate(masks, 1):
        share = float(changed[mask.decode()].mean()) if mask.area_px else 0.0
        if share < LEAST_CHANGED_FRAC:
            yield Damage.BAD_MASK, f"only {share:.2f} of what mask {number} shows has changed"


def largest_change(source: Rgb, target: Rgb) -> NDArray[np.uint8]:
    """How far each pixel differs in the channel where it does most, 0 to 255."""
    change: NDArray[np.uint8] = np.maximum.reduce(cv2.split(cv2.absdiff(source, target)))
    return change
