"""What became of the part of a picture that should have stayed, and of its place and size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, Rgb
from models.judge.change import changed_frac
from models.judge.placement import is_white
from models.judge.view import CANVAS_PX, colour_distance, reduced, to_lab

MOST_DB = 100.0
"""The PSNR of equal pixels, whose noise is none."""
LEAST_FRAC = 0.02
"""Fidelity is not measured where less than this share of a picture should have stayed."""
_ALIGN_PX = 512
_ALIGN_FRAC = 0.15
"""A displacement is not looked for where less than this share should have stayed."""
_SURE = 0.5
"""Least correlation of the aligned pictures; below it the two do not show the same."""
_BETTER = 0.6
"""A displacement is believed where it leaves at most this share of the lack of correlation: where
something else than the place differs, any small one fits about as well."""


@dataclass(frozen=True, slots=True)
class Displacement:
    """How far the unedited part has moved."""

    shift_px: float
    """Of the picture's middle, pixels of the source."""
    zoom: float
    """Above 1 where the result shows it larger."""


def psnr(one: Rgb, two: Rgb, where: Bitmap) -> float:
    """Peak signal to noise ratio over RGB, dB; `MOST_DB` for equal pixels, and at most that."""
    gap = cv2.absdiff(one, two)[where].astype(np.float64)
    noise = float((gap**2).mean())
    return min(MOST_DB, 10 * float(np.log10(255**2 / noise))) if noise else MOST_DB


def ssim(one: Rgb, two: Rgb, where: Bitmap) -> float:
    """Structural similarity of luma, -1 to 1 (Wang 2004), windows of 7 x 7, mean over `where`."""
    from skimage.metrics import structural_similarity

    luma = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (one, two)]
    _, plane = structural_similarity(*luma, data_range=255, full=True)  # type: ignore[no-untyped-call]
    return float(np.asarray(plane)[where].mean())


def without_edit(given: Rgb, result: Rgb, region: Bitmap) -> Rgb:
    """The result with the source where the edit was asked for: what is left is what went wrong."""
    return np.where(region[..., None], given, result)


def displacement(given: Rgb, result: Rgb, outside: Bitmap) -> Displacement | None:
    """Shift and zoom of what lies outside an edit, to a fraction of a pixel.

    Phase correlation for a start, then the enhanced correlation coefficient (Evangelidis 2008) with
    an affine map, the edit left out. None where too little is left, or the two do not show the
    same.
    """
    if outside.mean() < _ALIGN_FRAC:
        return None
    if np.array_equal(given, result):
        return Displacement(0.0, 1.0)
    height, width = outside.shape
    scale = min(1.0, _ALIGN_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    seen = np.asarray(reduced(outside.view(np.uint8) * 255, size) > 254)
    one, two = (_luma(image, size) for image in (given, result))
    start, _ = cv2.phaseCorrelate(_filled(one, seen), _filled(two, seen), _window(size))
    warp = np.array([[1, 0, start[0]], [0, 1, start[1]]], np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    mask = seen.view(np.uint8) * 255
    still = _correlation(one[seen], two[seen])
    try:
        sure, warp = cv2.findTransformECC(one, two, warp, cv2.MOTION_AFFINE, stop, mask, 3)
    except cv2.error:
        sure = 0.0
    if 1 - sure > _BETTER * (1 - still):
        return Displacement(0.0, 1.0) if still >= _SURE else None
    if sure < _SURE:
        return None
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    moved = warp[:, :2] @ middle + warp[:, 2] - middle
    shift = float(np.hypot(*moved)) * width / size[0]
    return Displacement(shift, float(np.sqrt(abs(np.linalg.det(warp[:, :2])))))


def changed_area(given: Rgb, result: Rgb) -> float:
    """Share of the picture that changed plainly, 0 to 1."""
    height, width = given.shape[:2]
    scale = min(1.0, CANVAS_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    delta = colour_distance(*(to_lab(reduced(image, size)) for image in (given, result)))
    return changed_frac(delta, np.ones(delta.shape, np.bool_))


def background_purity(result: Rgb) -> float:
    """Of a cut-out: the share of clean white in what is not the object, 0 to 1.

    The object is the largest connected part that is not white, and its box's inside what it may
    shade; a picture that is full to its rim has no background, and gets 0.
    """
    coloured = ~is_white(to_lab(result))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(coloured.view(np.uint8))
    if count < 2:
        return 1.0
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    beyond = labels != largest
    beyond[Box.around(~beyond).slices] = False
    return float((~coloured)[beyond].mean()) if beyond.any() else 0.0


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    spread = float(one.std() * two.std())
    return float(((one - one.mean()) * (two - two.mean())).mean()) / spread if spread else 0.0


def _luma(image: Rgb, size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(reduced(image, size), cv2.COLOR_RGB2GRAY), np.float32)


def _filled(plane: NDArray[np.float32], seen: Bitmap) -> NDArray[np.float32]:
    return np.where(seen, plane, plane[seen].mean() if seen.any() else 0).astype(np.float32)


def _window(size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)
