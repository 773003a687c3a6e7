"""The main subject of a photograph: what differs from all four borders and lies near the middle."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, Rgb
from models.graph_cut import cut

_LONG_SIDE_PX = 160
_STRIP_FRAC = 0.04
_COLOURS_PER_SIDE = 4
_CENTRE_SIGMA = 0.35
"""Width of the centre prior as a share of the side; viewers' fixations spread about so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainSubject:
    """The main subject's box."""

    box: Box
    confidence: float
    """How far the subject stands out from the rest, 0 to 1."""


def main_subject(image: Rgb, *, least_contrast: float) -> MainSubject | None:
    """The most salient region's box, or `None` where nothing stands out by `least_contrast`.

    Args:
        image: The image, any size.
        least_contrast: Mean saliency inside the region less that outside, 0 to 1.
    """
    height, width = image.shape[:2]
    scale = min(1.0, _LONG_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if min(size) < 8:
        return None
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    map_ = saliency(small)
    region = _regrouped(small, map_, _main_region(map_))
    if region.all() or not region.any():
        return None
    contrast = float(map_[region].mean() - map_[~region].mean())
    if contrast < least_contrast:
        return None
    tight = Box.around(region)
    box = Box(
        int(tight.x0 / size[0] * width),
        int(tight.y0 / size[1] * height),
        int(np.ceil(tight.x1 / size[0] * width)),
        int(np.ceil(tight.y1 / size[1] * height)),
    )
    return MainSubject(box=box, confidence=min(1.0, contrast))


def saliency(rgb: Rgb) -> NDArray[np.float32]:
    """Saliency of each pixel, 0 to 1, height x width.

    The mean, over the four sides, of the Lab distance to the nearest of the side's main colours:
    a subject cut by one side still differs from the other three (the boundary prior of Wei et al.,
    2012, side by side as in Yang et al., 2013). It is weighted by a Gaussian centre prior.
    """
    sharp = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = np.asarray(cv2.bilateralFilter(sharp, 7, 12.0, 5.0), np.float32)
    height, width = lab.shape[:2]
    strip = max(2, round(_STRIP_FRAC * max(height, width)))
    sides = (lab[:strip], lab[-strip:], lab[:, :strip], lab[:, -strip:])
    # Lab distances past 60 are all simply "another colour".
    apart = np.mean([np.minimum(_distance(lab, side) / 60, 1) for side in sides], axis=0)
    down = (np.linspace(-0.5, 0.5, height) / _CENTRE_SIGMA)[:, None]
    across = (np.linspace(-0.5, 0.5, width) / _CENTRE_SIGMA)[None, :]
    return np.asarray(apart * np.exp(-(down**2 + across**2) / 2), np.float32)


def _distance(lab: NDArray[np.float32], side: NDArray[np.float32]) -> NDArray[np.float32]:
    colours = _main_colours(side.reshape(-1, 3))
    offsets = lab[:, :, None, :] - colours[None, None]
    return np.asarray(np.sqrt((offsets**2).sum(axis=3)).min(axis=2), np.float32)


def _main_colours(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    # OpenCV keeps a generator for each thread, and k-means draws its first centres from it.
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    count = min(_COLOURS_PER_SIDE, len(samples))
    labels = np.empty((len(samples), 1), np.int32)
    _, _, centres = cv2.kmeans(
        np.ascontiguousarray(samples), count, labels, criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    return np.asarray(centres, np.float32)


def _main_region(map_: NDArray[np.float32]) -> Bitmap:
    """The connected piece, above Otsu's threshold, that holds the most saliency."""
    smooth = cv2.GaussianBlur(map_, (0, 0), 2.0)
    spread = max(float(np.ptp(smooth)), 1e-6)
    grey = (255 * (smooth - smooth.min()) / spread).astype(np.uint8)
    _, above = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = np.asarray(cv2.morphologyEx(above, cv2.MORPH_CLOSE, disc), np.uint8)
    return _heaviest_piece(closed, map_)


def _regrouped(rgb: Rgb, map_: NDArray[np.float32], region: Bitmap) -> Bitmap:
    """The region grown or shrunk to whole colours by GrabCut (SaliencyCut, Cheng et al., 2015)."""
    if not region.any():
        return region
    labels = np.where(region, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[region & (map_ > np.quantile(map_[region], 0.8))] = cv2.GC_FGD
    border = np.ones(region.shape, np.bool_)
    border[2:-2, 2:-2] = False
    labels[border & ~region] = cv2.GC_BGD
    return _heaviest_piece(cut(rgb, labels, 2).astype(np.uint8), map_)


def _heaviest_piece(mask: NDArray[np.uint8], map_: NDArray[np.float32]) -> Bitmap:
    count, pieces = cv2.connectedComponents(mask, connectivity=4)
    held = np.bincount(pieces.ravel(), weights=map_.ravel(), minlength=count)
    held[0] = 0
    return np.asarray((pieces == held.argmax()) & (mask > 0), np.bool_)
