"""How much more a changed place counts than what stays as it was."""

from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from models.e1.pairs import TrainingPair
from models.geometry import Bitmap, Rgb

if TYPE_CHECKING:
    import torch

Regions = Literal["none", "renormalised", "authors"]

_LUMINANCE = 18
_CLOSED_PX = 5
_LEAST_FRAC = 0.3
"""Of the mask's own area; all three are the authors' (docs/paper.md, "ImgEdit-E1")."""


def region_weights(
    pair: TrainingPair, regions: Regions, grid: tuple[int, int]
) -> "torch.Tensor | None":
    """The weight of the loss of each token, rows x columns; None where all are alike.

    log2(N / changed) + 1 where the edit lies, 1 elsewhere, N tokens of which some are changed
    (docs/paper.md, "ImgEdit-E1"). "authors" leaves it at that, so that small edits count more than
    large ones, and finds what changed in the pixels; "renormalised" divides by the mean, so that
    each pair counts alike, and takes the mask that is known.
    """
    import torch

    known = pair.changed if regions == "renormalised" else changed_pixels(pair.source, pair.target)
    if regions == "none" or known is None:
        return None
    inside = torch.from_numpy(np.ascontiguousarray(known)).float()[None, None]
    marked = torch.nn.functional.adaptive_max_pool2d(inside, grid)[0, 0]
    if not 0 < (changed := float(marked.sum())) < marked.numel():
        return None
    weights = 1 + marked * np.log2(marked.numel() / changed)
    return weights / weights.mean() if regions == "renormalised" else weights


def changed_pixels(source: Rgb, target: Rgb) -> Bitmap | None:
    """Where a target differs from its source, as the authors find it; None for other sizes.

    Luminance differs by 18 or more of 255; gaps are closed; small parts are left out.
    """
    if source.shape != target.shape:
        return None
    light = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.int16) for image in (source, target)]
    differs = (np.abs(light[0] - light[1]) >= _LUMINANCE).astype(np.uint8)
    kernel = np.ones((_CLOSED_PX, _CLOSED_PX), np.uint8)
    closed = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    areas: Any = stats[:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= _LEAST_FRAC * areas[1:].sum())
    return np.asarray(np.isin(labels, large[large > 0]))
