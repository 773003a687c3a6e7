"""Finds an extracted object on its white canvas: in place, centred, or enlarged."""

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.judge.view import (
    SUBJECT_PX,
    PairView,
    Plane,
    colour_distance,
    reduced,
    subject_box,
    to_lab,
)

WHITE_L, WHITE_CHROMA = 96.0, 4.0
"""Paler than this and with less colour is white."""

Place = tuple[float, float, float]
"""Zoom, and where the photograph's origin falls on the canvas, x and y in pixels."""

LOCATE_PX = 640
"""Long side at which the extent of what is not white is measured."""


def is_white(lab: Plane) -> Bitmap:
    """Which pixels are clean white."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return np.asarray((lab[..., 0] >= WHITE_L) & (chroma <= WHITE_CHROMA))


def aligned(photo: Rgb, mask: Bitmap, canvas: Rgb, *, limit_px: int = SUBJECT_PX) -> PairView:
    """The subject of a photograph beside the same subject as the canvas shows it.

    Both in the photograph's frame, around the subject. Four placements are tried: in place, in the
    middle of the canvas, and over the extent of what is not white, at native and at fitted size;
    the best of them is fitted to the pixel.
    """
    box = subject_box(mask)
    scale = min(1.0, limit_px / max(box.width, box.height, 1))
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    rows, cols = box.slices
    before = to_lab(reduced(photo[rows, cols], size))
    small_mask = np.asarray(reduced(mask[rows, cols].view(np.uint8) * 255, size) >= 128)
    frames = [_fetched(canvas, box, size, place) for place in _placements(mask, canvas)]
    after = min(
        (to_lab(frame) for frame in frames), key=lambda lab: _misfit(before, lab, small_mask)
    )
    after = min(
        (after, _nudged(before, after, small_mask)),
        key=lambda lab: _misfit(before, lab, small_mask),
    )
    return PairView(
        before=before,
        after=after,
        mask=small_mask,
        others=np.zeros_like(small_mask),
        delta=colour_distance(before, after),
        scale=scale,
    )


def _placements(mask: Bitmap, canvas: Rgb) -> list[Place]:
    """The placements to try."""
    tight, shown = Box.around(mask), _shown(canvas)
    cx, cy = (tight.x0 + tight.x1) / 2, (tight.y0 + tight.y1) / 2
    fitted = max(shown.width / max(1, tight.width), shown.height / max(1, tight.height))
    height, width = canvas.shape[:2]
    places = [(1.0, 0.0, 0.0), (1.0, width / 2 - cx, height / 2 - cy)]
    if shown.area_px:
        sx, sy = (shown.x0 + shown.x1) / 2, (shown.y0 + shown.y1) / 2
        places += [(zoom, sx - zoom * cx, sy - zoom * cy) for zoom in (1.0, fitted)]
    return places


def _shown(canvas: Rgb) -> Box:
    """The extent of what is not white, whole pixels of the canvas."""
    height, width = canvas.shape[:2]
    scale = min(1.0, LOCATE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = to_lab(reduced(canvas, size))
    box = Box.around(~is_white(small))
    return Box(*(round(v / scale) for v in (box.x0, box.y0, box.x1, box.y1)))


def _fetched(canvas: Rgb, box: Box, size: tuple[int, int], place: Place) -> Rgb:
    """The part of the canvas that the box of the photograph falls on, white beyond its rim."""
    zoom, x, y = place
    steps = np.array([zoom * box.width / size[0], zoom * box.height / size[1]])
    start = np.array([zoom * box.x0 + x, zoom * box.y0 + y])
    # The centre of view pixel i lies at start + (i + 0.5) * step - 0.5 on the canvas.
    offset = start + 0.5 * steps - 0.5
    matrix = np.array([[steps[0], 0.0, offset[0]], [0.0, steps[1], offset[1]]])
    soft = canvas if steps[0] < 1.2 else cv2.GaussianBlur(canvas, (0, 0), 0.35 * steps[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            soft, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,) * 3
        ),
        np.uint8,
    )


def _nudged(before: Plane, after: Plane, mask: Bitmap) -> Plane:
    """The canvas with the last pixels of misplacement taken out (ECC, Evangelidis 2008).

    The extent of a mask that is a few pixels off gives an enlarged object's place and size only
    about; unchanged where the search finds nothing better.
    """
    template = np.where(mask, before[..., 0], 100.0).astype(np.float32)
    shown = np.ascontiguousarray(after[..., 0])
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)
    everywhere = np.ones(shown.shape, np.uint8)
    try:
        cv2.findTransformECC(template, shown, warp, cv2.MOTION_AFFINE, stop, everywhere, 5)
    except cv2.error:
        return after
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(after, warp, shown.shape[::-1], flags=flags, borderValue=(100, 0, 0))
    return np.asarray(moved, np.float32)


def _misfit(before: Plane, after: Plane, mask: Bitmap) -> float:
    if not mask.any():
        return 0.0
    return float(np.minimum(np.linalg.norm(before[mask] - after[mask], axis=1), 40).mean())
