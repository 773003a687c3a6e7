"""What further goes wrong with results, beside the flaws of `models.studio.spoil`.

Half of them are learnt from; the others are kept for the trial, so that the figures of a trained
judge say how it does with faults that it has never met.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.judge.view import grown

Damage = Callable[[Rgb, Bitmap, float, np.random.Generator], Rgb]
"""Damages a result in its region by a degree in (0, 1]."""


def noise(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """Coarse coloured noise in the region."""
    box = Box.around(region)
    cells = rng.normal(0, 90 * degree, (box.height // 6 + 1, box.width // 6 + 1, 3))
    size = (box.width, box.height)
    grain = cv2.resize(cells.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return _inside(image, region, image[box.slices] + grain)


def blank(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The whole picture fades to black, or to one grey."""
    tone = 0.0 if rng.integers(2) else float(rng.uniform(60, 250))
    return np.asarray(np.rint(image + (tone - image.astype(np.float32)) * degree), np.uint8)


def recoded(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The whole picture redrawn a little: another tone, and the blocks of a poor codec."""
    shift = rng.normal(0, 14 * degree, 3)
    toned = np.clip(image + shift, 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(70 - 60 * degree)]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", toned, quality)[1], cv2.IMREAD_COLOR))


def elsewhere(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """Something else in the picture is painted over in one colour."""
    height, width = region.shape
    side = max(16, round(np.sqrt(degree * region.sum())))
    spots = rng.integers(0, (max(1, height - side), max(1, width - side)), (12, 2))
    y, x = min(spots, key=lambda at: region[at[0] : at[0] + side, at[1] : at[1] + side].sum())
    harmed = image.copy()
    cv2.ellipse(
        harmed,
        (int(x + side // 2), int(y + side // 2)),
        (side // 2, side // 2),
        0, 0, 360, rng.integers(0, 256, 3).tolist(), cv2.FILLED,
    )  # fmt: skip
    return harmed


def pixelated(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The region in large squares."""
    box = Box.around(region)
    cell = max(2, round(0.16 * degree * np.sqrt(box.area_px)))
    size = (max(1, box.width // cell), max(1, box.height // cell))
    small = cv2.resize(image[box.slices], size, interpolation=cv2.INTER_AREA)
    return _inside(
        image, region, cv2.resize(small, (box.width, box.height), interpolation=cv2.INTER_NEAREST)
    )


def mirrored(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The region upside down in part."""
    box = Box.around(region)
    part = image[box.slices].astype(np.float32)
    return _inside(image, region, part + (part[::-1] - part) * degree)


def haloed(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """A bright or dark rim around the region."""
    ring = grown(region, 2 + round(0.08 * degree * np.sqrt(region.sum()))) & ~region
    tone = 255.0 if rng.integers(2) else 0.0
    rimmed = image.astype(np.float32)
    rimmed[ring] += (tone - rimmed[ring]) * 0.8
    return np.asarray(np.rint(rimmed), np.uint8)


def bleached(image: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The region loses its colours and its contrast."""
    box = Box.around(region)
    part = image[box.slices].astype(np.float32)
    pale = 150 + 0.3 * (part.mean(axis=2, keepdims=True) - 128)
    return _inside(image, region, part + (pale - part) * degree)


def _inside(image: Rgb, region: Bitmap, part: np.ndarray) -> Rgb:
    box = Box.around(region)
    damaged = image.copy()
    where = region[box.slices]
    damaged[box.slices][where] = np.clip(np.rint(part[where]), 0, 255)
    return damaged


LEARNT: Mapping[str, Damage] = {
    "noise": noise,
    "blank": blank,
    "recoded": recoded,
    "elsewhere": elsewhere,
}
UNSEEN: Mapping[str, Damage] = {
    "pixelated": pixelated,
    "mirrored": mirrored,
    "haloed": haloed,
    "bleached": bleached,
}
"""Never learnt from."""
