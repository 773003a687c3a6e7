"""Whether what is there looks like the object that was named, as far as colours and layout tell.

A named object of the catalogue has a sprite. The new pixels are compared with it and with every
other sprite: the finding is how many others come closer.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.geometry import Bitmap, Box, lengths
from models.judge.findings import Curve, GradedFact, graded
from models.judge.view import Plane, steepness, to_lab
from models.studio.catalogue import names, sprite

Colours = NDArray[np.float32]
"""n x 3, CIE Lab."""

CLOSER: Curve = ((0.02, 5.0), (0.07, 4.2), (0.18, 3.0), (0.45, 2.0), (0.9, 1.3))
"""Share of the catalogue that resembles the pixels more than the named object does, 0 to 1."""

COLOURS: Curve = ((0.2, 1.5), (0.45, 2.8), (0.65, 4.2), (0.78, 5.0))
"""Bhattacharyya coefficient of two colour histograms, 0 to 1."""

SHAPED: Curve = ((0.15, 5.0), (0.35, 4.2), (0.6, 3.4), (0.9, 2.5))
"""The same share by outline alone, which a reading of the new pixels gives only roughly."""

BINS = (10, 16, 16)
"""Cells of L in [0, 100] and of a and b in [-96, 96]."""
SPRITE_PX = 96
THUMB_PX = 16
MIN_PIXELS = 150
FLAT_FRAC = 0.55
"""Drawn objects have at least this share of pixels without any gradient; photographs do not."""
LINE_L = 18.0
"""Outlines are darker (L*)."""
DARKER = 12.0
"""What tells a part's colour from shade on its neighbour, L*."""
MISMATCH = 60.0
"""What a thumbnail pixel that only one of two objects covers counts for, units of Lab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """An object's colours, and where in its box they are."""

    colours: NDArray[np.float32]
    """Square roots of its Lab histogram, which sums to 1; flat."""
    thumb: NDArray[np.float32]
    """`THUMB_PX` squared x 4: Lab and coverage."""
    aspect: float
    """Logarithm of width over height."""
    dark: float
    """Share of it, without outlines, that is darker than the rest by more than `DARKER`."""


def looks_like(lab: Plane, region: Bitmap, name: str) -> tuple[GradedFact, ...]:
    """How well the pixels in `region` fit the catalogue's object.

    Nothing where that cannot be measured: a name outside the catalogue, few pixels, or a
    photograph, whose colours a drawn sprite says nothing of.
    """
    if name not in portraits() or region.sum() < MIN_PIXELS or not drawn(lab, region):
        return ()
    shown = _portrait(lab, region)
    alike = {other: _likeness(shown, portrait) for other, portrait in portraits().items()}
    closer = sum(value > alike[name] for value in alike.values()) / len(alike)
    verb = "looks like" if closer < 0.08 else "does not look like"
    overlap = float(shown.colours @ portraits()[name].colours)
    return (
        graded(closer, CLOSER, f"{verb} {name} ({{:.0%}} of the catalogue closer)"),
        graded(overlap, COLOURS, f"colours overlap those of {name} by {{:.2f}}"),
    )


def shaped_like(lab: Plane, region: Bitmap, name: str) -> tuple[GradedFact, ...]:
    """How well the outline of `region` fits the catalogue's object, whatever its colours.

    Nothing for a name outside the catalogue or for few pixels.
    """
    if name not in portraits() or region.sum() < MIN_PIXELS:
        return ()
    shown = _portrait(lab, region)
    alike = {other: _outline_likeness(shown, portrait) for other, portrait in portraits().items()}
    closer = sum(value > alike[name] for value in alike.values()) / len(alike)
    return (graded(closer, SHAPED, f"outline of {name} ({{:.0%}} of the catalogue closer)"),)


def dark_share(name: str) -> float:
    """How much of the catalogue's object is in the dark colours of its own; 0 of another name."""
    portrait = portraits().get(name)
    return portrait.dark if portrait else 0.0


def colour_overlap(one: Colours, two: Colours) -> float:
    """Bhattacharyya coefficient of the histograms of two sets of Lab colours, 0 to 1."""
    return float(np.sqrt(_histogram(one) * _histogram(two)).sum())


def drawn(lab: Plane, region: Bitmap) -> bool:
    """Whether a region is drawn rather than photographed."""
    steep = steepness(lab)[region]
    return float((steep < 0.6).mean()) >= FLAT_FRAC


def _likeness(one: Portrait, two: Portrait) -> float:
    """Overlap of colours (Bhattacharyya) times agreement of layout and of proportions, 0 to 1."""
    gap = min(_thumb_gap(one.thumb, two.thumb), _thumb_gap(one.thumb, two.thumb[:, ::-1]))
    stretch = abs(one.aspect - two.aspect)
    return float(one.colours @ two.colours) * float(np.exp(-gap / 20 - stretch))


def _outline_likeness(one: Portrait, two: Portrait) -> float:
    """Overlap of the covered parts times agreement of proportions, 0 to 1."""
    covers = (two.thumb[..., 3], two.thumb[:, ::-1, 3])
    overlap = max(
        float(np.minimum(one.thumb[..., 3], cover).sum())
        / max(float(np.maximum(one.thumb[..., 3], cover).sum()), 1e-6)
        for cover in covers
    )
    return overlap * float(np.exp(-abs(one.aspect - two.aspect)))


def _thumb_gap(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    both = np.minimum(one[..., 3], two[..., 3])
    either = np.maximum(one[..., 3], two[..., 3])
    delta = np.minimum(lengths(one[..., :3] - two[..., :3]), MISMATCH)
    total = (both * delta + (either - both) * MISMATCH).sum()
    return float(total) / max(float(either.sum()), 1e-6)


@lru_cache(maxsize=1)
def portraits() -> dict[str, Portrait]:
    """Every object of the catalogue by name; drawing them takes a second or two, once."""
    found = {}
    for name in names():
        rgba = sprite(name, SPRITE_PX)
        found[name] = _portrait(to_lab(rgba[..., :3]), rgba[..., 3] > 200)
    return found


def _portrait(lab: Plane, region: Bitmap) -> Portrait:
    box = Box.around(region)
    cover = region[box.slices].astype(np.float32)[..., None]
    layers = np.concatenate([lab[box.slices] * cover, cover], axis=2)
    size = (THUMB_PX, THUMB_PX)
    thumb = np.asarray(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), np.float32)
    thumb[..., :3] /= np.maximum(thumb[..., 3:], 1e-3)
    light = lab[..., 0][region & (lab[..., 0] > LINE_L)]
    return Portrait(
        colours=np.sqrt(_histogram(lab[region])),
        thumb=thumb,
        aspect=float(np.log(box.width / box.height)),
        dark=float((light < np.median(light) - DARKER).mean()) if light.size else 0.0,
    )


def _histogram(colours: Colours) -> NDArray[np.float32]:
    """A smoothed Lab histogram that sums to 1, flat; a shift of a cell costs little."""
    spans = ((0.0, 100.0), (-96.0, 96.0), (-96.0, 96.0))
    counts, _ = np.histogramdd(colours, bins=BINS, range=spans)
    for axis in range(3):
        counts = ndimage.convolve1d(counts, (0.25, 0.5, 0.25), axis=axis, mode="constant")
    return np.asarray(counts / max(counts.sum(), 1e-9), np.float32).ravel()
