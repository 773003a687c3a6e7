"""What light does on an object, apart from the object's colour."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap
from models.paint.noise import Field, smoothstep

KEPT_LIGHTNESS = 0.22
"""Share of the old lightness that stays: a white car painted red is lighter than a black one."""
LEAST_BLACK_FRAC = 0.03
"""Least share of the object that a part painted black takes up."""
YELLOW_LEAN = 90.0
"""Four times the a* that a full yellow gains half way to black."""
DARK = 20.0
"""L* below which a pixel is black: a line, a hole, or black paint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shading:
    """The object's lightness (L*, 0 to 100) with its landmarks."""

    lightness: Field
    middle: float
    """Median lightness, lines left out."""
    bright: float
    """Lightness of its lit side; what lies above is a highlight."""
    painted_black: Field
    """0 to 1: black areas too broad to be lines."""
    relief: Field
    """0 to 1: borders between its parts, where they differ in colour alone."""


def read_shading(own: NDArray[np.float32], mask: Bitmap) -> Shading:
    """Read the light off an object.

    Args:
        own: height x width x 3, 0 to 255, the object's own colours.
        mask: height x width, where the object is.
    """
    lab = np.asarray(cv2.cvtColor(own / np.float32(255), cv2.COLOR_RGB2Lab), np.float32)
    lightness: Field = lab[..., 0]
    painted = mask & (lightness > DARK)
    values = lightness[painted] if painted.sum() > 0.15 * mask.sum() else lightness[mask]
    middle, bright = np.percentile(values, (50, 92))
    return Shading(
        lightness=lightness,
        middle=float(middle),
        bright=float(max(bright, middle + 2)),
        painted_black=_painted_black(lightness, mask),
        relief=_relief(lab),
    )


def _painted_black(lightness: Field, mask: Bitmap) -> Field:
    black = ((lightness < DARK) & mask).astype(np.uint8)
    # Outlines of drawings are up to a fourteenth of the object thick.
    thick_px = max(5, round(0.075 * np.sqrt(mask.sum()))) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick_px, thick_px))
    broad = cv2.morphologyEx(black, cv2.MORPH_OPEN, disc)
    # Where lines meet they are broad as well, but small.
    _, parts, stats, _ = cv2.connectedComponentsWithStats(broad)
    large = stats[:, cv2.CC_STAT_AREA] > LEAST_BLACK_FRAC * mask.sum()
    large[0] = False
    soft = cv2.GaussianBlur(large[parts].astype(np.float32), (0, 0), max(0.8, thick_px / 8))
    return np.asarray(soft, np.float32)


def _relief(lab: NDArray[np.float32]) -> Field:
    colour = cv2.GaussianBlur(lab[..., 1:], (0, 0), 1.0)
    steps = [cv2.Sobel(colour, -1, dx, dy, ksize=3, scale=0.25) for dx, dy in ((1, 0), (0, 1))]
    return smoothstep(3.0, 18.0, np.sqrt(sum((step**2).sum(axis=2) for step in steps)))


def relit(shading: Shading, lightness: float) -> Field:
    """The object's lightness as it would be if its middle were near `lightness` (L*)."""
    old = shading.lightness
    goal = (1 - KEPT_LIGHTNESS) * lightness + KEPT_LIGHTNESS * shading.middle
    # Slopes are bounded, or the grain of a black object would turn into speckles.
    falling = min(goal / max(shading.middle, 1.0), 1.8)
    rising = min(1.1, min(22.0, 0.6 * (100 - goal)) / (shading.bright - shading.middle))
    lit = goal + rising * (shading.bright - shading.middle)
    below = goal - falling * (shading.middle - old)
    above = goal + rising * (old - shading.middle)
    gleam = lit + (100 - lit) * ((old - shading.bright) / max(100 - shading.bright, 4.0)).clip(0, 1)
    new = np.where(old < shading.middle, below, np.where(old < shading.bright, above, gleam))
    lifted = np.maximum(new, 0.5 * goal + 0.8 * old)
    new = new + shading.painted_black * (lifted - new)
    relieved = new * (1 - np.float32(0.3) * shading.relief)
    return np.asarray(relieved.clip(0, 100), np.float32)


def lab_of(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """CIE L*a*b* of one sRGB colour."""
    pixel = np.array([[rgb]], np.float32) / np.float32(255)
    lightness, a, b = cv2.cvtColor(pixel, cv2.COLOR_RGB2Lab)[0, 0]
    return float(lightness), float(a), float(b)


def tinted(shading: Shading, rgb: tuple[int, int, int]) -> NDArray[np.float32]:
    """The object in one colour; height x width x 3, 0 to 255."""
    lightness, a, b = lab_of(rgb)
    new = relit(shading, lightness)
    shadowed = np.minimum(new / np.float32(max(lightness, 1.0)), 1) ** np.float32(0.8)
    glowing = ((100 - new) / np.float32(max(100 - lightness, 1.0))).clip(0, 1) ** np.float32(0.6)
    chroma = np.where(new < lightness, shadowed, glowing)
    # Yellow in the shade is ochre, not olive: its hue leans to red as the light goes.
    yellowness = max(b, 0) / 90 * max(0.0, 1 - abs(a) / 40)
    lean = np.float32(YELLOW_LEAN * yellowness) * shadowed * (1 - shadowed)
    lab = np.dstack([new, chroma * np.float32(a) + lean, chroma * np.float32(b)])
    lab = lab.astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * np.float32(255), np.float32)
