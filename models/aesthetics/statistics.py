"""An aesthetic score from image statistics: documented arithmetic, not a trained predictor."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import Fault, Reason
from models.geometry import Rgb
from models.recorded import Recorded

_LEAST_SIDE_PX = 16
_COARSE_SIDE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Five qualities and one doubt of an image, each 0 to 1."""

    colourfulness: float
    """Hasler and Süsstrunk (2003); 1 at their "extremely colourful" (109 of 255)."""
    sharpness: float
    """Strength of the strongest hundredth of edges, relative to black beside white."""
    contrast: float
    """Standard deviation of luma; 1 at a quarter of the range."""
    exposure: float
    """Entropy of the luma histogram over its greatest value, less what is clipped."""
    saturation: float
    """Mean HSV saturation; 1 at one half, lower again for garish images."""
    structure: float
    """Share of the variation that survives at 32 pixels a side: scenes keep theirs, noise none.

    Natural images have about equal contrast at every scale (Field, 1987); white noise loses it
    with the square root of the pixels averaged. A blank image has none to keep.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsScorer(Recorded):
    """Scores 1 to 10, on the scale of LAION's predictor, so that its thresholds keep their sense.

    The score is `1 + 9 · structure · Σ weight · quality / Σ weight` over the qualities of
    `Statistics`. It
    tells a washed-out, blank, blurred or noisy picture from a normal one. It knows nothing of
    composition or subject, and does not agree with people as a trained predictor does.
    """

    long_side_px: int = 256
    """Statistics are taken on the image reduced to this."""
    colourfulness: float = 0.2
    sharpness: float = 0.25
    contrast: float = 0.2
    exposure: float = 0.25
    saturation: float = 0.1

    name = "statistics"
    version = "2"

    def setup(self) -> None:
        """Nothing to load."""

    def score(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """One score for each image; an image with a side under 16 pixels is a fault."""
        return [self._score(image) for image in images]

    def _score(self, image: Rgb) -> float | Fault:
        height, width = image.shape[:2]
        if min(height, width) < _LEAST_SIDE_PX:
            detail = f"{width} x {height} px, statistics need {_LEAST_SIDE_PX} px a side"
            return Fault(reason=Reason.TOO_SMALL, detail=detail)
        found = statistics(image, self.long_side_px)
        weights = asdict(self)
        del weights["long_side_px"]
        quality = sum(weight * getattr(found, name) for name, weight in weights.items())
        return float(1.0 + 9.0 * found.structure * quality / sum(weights.values()))


def statistics(image: Rgb, long_side_px: int = 256) -> Statistics:
    """The statistics of an image, at least 16 pixels a side, taken on a reduced copy."""
    small = _reduced(image, long_side_px)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    saturation = float(cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[..., 1].mean()) / 255
    return Statistics(
        colourfulness=_capped(_colourfulness(small) / 109),
        sharpness=_capped(_edge_strength(luma)),
        contrast=_capped(float(luma.std()) / 64),
        exposure=_exposure(luma),
        saturation=_capped(1 - abs(saturation - 0.5) / 0.5),
        structure=_structure(luma),
    )


def _reduced(image: Rgb, long_side_px: int) -> Rgb:
    height, width = image.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return image
    # Every n-th pixel first: averaging millions of pixels is most of the time, and a quarter of
    # them, still twice the size wanted, give the same statistics.
    step = max(1, int(0.5 / scale))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller = cv2.resize(image[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def _colourfulness(rgb: Rgb) -> float:
    red, green, blue = (channel.astype(np.float32) for channel in cv2.split(rgb))
    across, along = red - green, (red + green) / 2 - blue
    spread = np.hypot(across.std(), along.std())
    return float(spread + 0.3 * np.hypot(across.mean(), along.mean()))


def _edge_strength(luma: NDArray[np.uint8]) -> float:
    across, down = (
        cv2.Sobel(luma, cv2.CV_16S, *axis).astype(np.int32) for axis in ((1, 0), (0, 1))
    )
    # Whole numbers up to the root: the last bits of cv2.magnitude depend on where its arrays lie
    # in memory. A Sobel kernel answers a full black-to-white step with 4 * 255.
    return float(np.quantile(np.sqrt(across**2 + down**2), 0.99)) / (4 * 255)


def _exposure(luma: NDArray[np.uint8]) -> float:
    counts = np.bincount(luma.ravel(), minlength=256)
    shares = counts[counts > 0] / luma.size
    clipped = float(counts[:4].sum() + counts[-4:].sum()) / luma.size
    return float((shares * np.log2(1 / shares)).sum()) / 8 * (1 - clipped)


def _structure(luma: NDArray[np.uint8]) -> float:
    total = float(luma.std())
    # Less than one grey level is rounding or codec noise: nothing is drawn there.
    if total < 1:
        return 0.0
    coarse = cv2.resize(luma, (_COARSE_SIDE_PX, _COARSE_SIDE_PX), interpolation=cv2.INTER_AREA)
    # Photographs keep 0.7 to 0.98 of their deviation; 0.6 is lively texture, not noise.
    return _capped(float(coarse.std()) / total / 0.6)


def _capped(value: float) -> float:
    return min(max(value, 0.0), 1.0)
