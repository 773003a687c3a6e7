"""Which known pixels a hole is copied from, found at a coarse scale.

Natural images match themselves at a few dominant displacements (He and Sun, "Statistics of Patch
Offsets for Image Completion", 2012). The hole is covered by shifted copies of the image, one
displacement for each pixel, grown from the border inwards so that every pixel is judged by
neighbours that are already there.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.geometry import Bitmap, Box
from models.paint.membrane import Field, harmonic

Scalar = TypeVar("Scalar", bound=np.generic)
Window = tuple[slice, slice]
"""Rows and columns of a part of an image."""

RADIUS_PX = 3
COMPONENTS = 20
SOFT_TRUST = 0.12
LIKE_ENDS = 45.0
"""Ends of a row that differ by this (root-summed over three channels) hardly belong together."""
SHIFTS = 72
PROBES, CANDIDATES = 1000, 9000
"""Patches near the hole, and known patches they are compared with: 0.1 s on one core."""
MATCHES = 3
"""Nearest patches whose displacements are counted for each patch near the hole."""
BAND_PX = 14
PEEL_PX = 2
SETTLING_ROUNDS = 6
MARGIN_PX = 6
PLAINNESS = np.float32(0.3)
"""Weight of the squared departure from the plainest fill: keeps odd things out of plain areas."""
NEARNESS = np.float32(0.25)
"""Added to the mean squared difference (0 to 195,075) for each pixel of displacement."""
UPRIGHT = 4.0
"""A step up or down counts as this many sideways: scenes are layered from sky to ground."""
BREADTH = np.float32(300.0)
"""Added for a displacement that could cover none of the hole: few large copies repeat less."""
LEVEL_SHIFTS = 12
"""Sideways displacements tried in each direction besides those that were counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A hole covered by displaced copies of the image."""

    labels: NDArray[np.int32]
    """Height x width, an index into `shifts` for every pixel of the hole."""
    shifts: NDArray[np.int32]
    """n x 2, from each pixel to the one it is copied from (rows, columns)."""


def known_patches(usable: Bitmap) -> Bitmap:
    """Centres of the patches that lie wholly on usable pixels."""
    size = 2 * RADIUS_PX + 1
    eroded = cv2.erode(
        usable.astype(np.uint8),
        np.ones((size, size), np.uint8),
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(eroded, np.bool_)


def correspond(image: Field, hole: Bitmap, usable: Bitmap) -> Cover:
    """The displaced copies of `usable` pixels that cover `hole` best.

    Args:
        image: height x width x 3, 0 to 255; what it shows inside the hole is not looked at.
        hole: height x width.
        usable: height x width, the pixels that may be copied.
    """
    shifts = _dominant(image, hole, usable)
    height, width = hole.shape
    at = Box.around(hole).grown(MARGIN_PX, width=width, height=height).slices
    depth, inside = ndimage.distance_transform_edt(hole)[at], hole[at]
    copies = _copies(image, hole, usable, shifts, at)
    canvas = _Canvas(planes=_planes(image[at]), labels=np.full(inside.shape, -1, np.int32))
    for reach in np.arange(PEEL_PX, depth.max() + PEEL_PX, PEEL_PX):
        fresh = inside & (depth <= reach)
        trusted = np.where(inside, depth <= reach - PEEL_PX, usable[at])
        canvas = canvas.relabelled(copies, trusted=trusted, wanted=fresh, window_px=9)
    everywhere = inside | usable[at]
    for _ in range(SETTLING_ROUNDS):
        before = canvas.planes
        canvas = canvas.relabelled(copies, trusted=everywhere, wanted=inside, window_px=7)
        if np.array_equal(canvas.planes, before):
            break
    labels = np.full(hole.shape, -1, np.int32)
    labels[at] = np.where(inside, canvas.labels, -1)
    return Cover(labels=labels, shifts=shifts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guess:
    """A plain fill of the hole, and how far it is trusted at each pixel, 0 to 1."""

    colour: Field
    trust: Field

    def part(self, at: Window) -> "_Guess":
        return _Guess(colour=self.colour[at], trust=self.trust[at])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copies:
    """The image displaced by each shift, where that is allowed, and what speaks against it."""

    planes: Field
    """n x 3 x height x width."""
    allowed: Field
    """n x height x width, 0 or 1."""
    malus: Field
    """n x height x width, infinite where a copy is not allowed."""


def displaced(image: NDArray[Scalar], shift: NDArray[np.int32], at: Window) -> NDArray[Scalar]:
    """The part of the image that one shift copies to `at`; 0 where it lies off the canvas."""
    height, width = image.shape[:2]
    top, left = at[0].start + int(shift[0]), at[1].start + int(shift[1])
    tall, wide = at[0].stop - at[0].start, at[1].stop - at[1].start
    out = np.zeros((tall, wide, *image.shape[2:]), image.dtype)
    y0, y1 = max(0, -top), min(tall, height - top)
    x0, x1 = max(0, -left), min(wide, width - left)
    if y0 < y1 and x0 < x1:
        out[y0:y1, x0:x1] = image[top + y0 : top + y1, left + x0 : left + x1]
    return out


def _copies(
    image: Field, hole: Bitmap, usable: Bitmap, shifts: NDArray[np.int32], at: Window
) -> _Copies:
    guesses = [guess.part(at) for guess in _plain_guesses(image, ~usable)]
    trust = np.maximum(sum(guess.trust for guess in guesses), np.float32(0.5))
    planes = np.empty((len(shifts), 3, *trust.shape), np.float32)
    allowed, malus = np.empty((2, len(shifts), *trust.shape), np.float32)
    for index, shift in enumerate(shifts):
        copied, may = displaced(image, shift, at), displaced(usable, shift, at)
        blurred = cv2.blur(copied, (3, 3))
        departure = sum(g.trust * _squared(blurred - g.colour) for g in guesses)
        length = NEARNESS * np.float32(np.hypot(UPRIGHT * shift[0], shift[1]))
        partial = BREADTH * np.float32(1 - may[hole[at]].mean())
        planes[index], allowed[index] = _planes(copied), may
        malus[index] = PLAINNESS * departure / trust + length + partial
        malus[index][~may] = np.inf
    return _Copies(planes=planes, allowed=allowed, malus=malus)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    """The window as it is covered so far."""

    planes: Field
    """3 x height x width."""
    labels: NDArray[np.int32]

    def relabelled(
        self, copies: _Copies, *, trusted: Bitmap, wanted: Bitmap, window_px: int
    ) -> "_Canvas":
        """Each `wanted` pixel under the copy that agrees best with the `trusted` ones around it."""
        best = np.full(wanted.shape, np.inf, np.float32)
        chosen = np.zeros(wanted.shape, np.int32)
        box, held = (window_px, window_px), trusted.astype(np.float32)
        gap, judged = np.empty_like(self.planes), np.empty_like(held)
        for index, copy in enumerate(copies.planes):
            np.multiply(copies.allowed[index], held, out=judged)
            np.subtract(copy, self.planes, out=gap)
            gap *= gap
            gap[1] += gap[2]
            gap[0] += gap[1]
            gap[0] *= judged
            cost = cv2.boxFilter(gap[0], -1, box)
            cost /= np.maximum(cv2.boxFilter(judged, -1, box), np.float32(1e-3))
            cost += copies.malus[index]
            better = cost < best
            np.copyto(best, cost, where=better)
            np.copyto(chosen, index, where=better)
        found = wanted & np.isfinite(best)
        planes = self.planes.copy()
        rows, cols = found.nonzero()
        planes[:, rows, cols] = copies.planes[chosen[rows, cols], :, rows, cols].T
        return _Canvas(planes=planes, labels=np.where(found, chosen, self.labels))


def _planes(image: Field) -> Field:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _squared(gap: Field) -> Field:
    """The squared length of each pixel's difference, in a fifth of the time of `sum(axis=2)`."""
    one, two, three = cv2.split(gap * gap)
    return np.asarray(one + (two + three), np.float32)


def _plain_guesses(image: Field, unknown: Bitmap) -> tuple[_Guess, _Guess, _Guess]:
    """The unknown as a smooth surface, as rows carried across it, as columns carried down it.

    Horizons and walls survive in the second and third, which the first blurs away.
    """
    soft = harmonic(image, unknown)
    across, level = _carried_across(image, unknown, soft)
    down, plumb = _carried_across(image.swapaxes(0, 1), unknown.T, soft.swapaxes(0, 1))
    return (
        _Guess(colour=soft, trust=np.full(unknown.shape, SOFT_TRUST, np.float32)),
        _Guess(colour=across, trust=level),
        _Guess(colour=down.swapaxes(0, 1), trust=plumb.T),
    )


def _carried_across(image: Field, hole: Bitmap, otherwise: Field) -> tuple[Field, Field]:
    """Each row of the hole interpolated between its two ends, trusted as far as these agree."""
    out, trust = otherwise.copy(), np.zeros(hole.shape, np.float32)
    columns = np.arange(hole.shape[1])
    for row in np.flatnonzero(hole.any(axis=1) & ~hole.all(axis=1)):
        missing = hole[row]
        known = columns[~missing]
        after = np.searchsorted(known, columns[missing])
        left, right = known[np.maximum(after - 1, 0)], known[np.minimum(after, known.size - 1)]
        share = (columns[missing] - left) / np.maximum(right - left, 1)
        ends = image[row, left], image[row, right]
        out[row, missing] = ends[0] + (ends[1] - ends[0]) * share.clip(0, 1)[:, None]
        disagreement = ((ends[0] - ends[1]) ** 2).sum(axis=1)
        # A hole that runs off the image has one end, which says little.
        sure = np.where((after > 0) & (after < known.size), 1.0, SOFT_TRUST)
        trust[row, missing] = sure * np.exp(-disagreement / LIKE_ENDS**2)
    return out, trust


def _dominant(image: Field, hole: Bitmap, usable: Bitmap) -> NDArray[np.int32]:
    """The displacements most often seen between like patches around the hole, n x 2 (y, x)."""
    known = known_patches(usable)
    centres = np.argwhere(known)
    everywhere = centres[:: max(1, len(centres) // CANDIDATES)]
    near = np.argwhere(known & (ndimage.distance_transform_edt(~hole) <= BAND_PX))
    near = near if len(near) else centres
    near = near[:: max(1, len(near) // PROBES)]
    shifts = _matches(image, everywhere, near).reshape(-1, 2)
    height, width = hole.shape
    votes = np.zeros((2 * height, 2 * width), np.float32)
    np.add.at(votes, (shifts[:, 0] + height, shifts[:, 1] + width), 1)
    votes = cv2.GaussianBlur(votes, (0, 0), 1.0)
    peaks = np.argwhere((votes == cv2.dilate(votes, np.ones((3, 3)))) & (votes > 0))
    peaks = peaks[np.argsort(-votes[peaks[:, 0], peaks[:, 1]], kind="stable")]
    reach = np.linspace(0, width, LEVEL_SHIFTS + 1)[1:].round().astype(np.int64)
    sideways = np.stack([np.zeros_like(reach), reach], axis=1)
    return _covering(np.vstack([sideways, -sideways, peaks - (height, width)]), hole, usable)


def _covering(shifts: NDArray[np.intp], hole: Bitmap, usable: Bitmap) -> NDArray[np.int32]:
    """The strongest shifts that help, then for every hole pixel left bare its nearest source."""
    rows, cols = np.nonzero(hole)
    bare = np.ones(len(rows), np.bool_)
    kept: list[NDArray[np.intp]] = []
    for shift in shifts:
        reached = _lookup(usable, rows + shift[0], cols + shift[1])
        if len(kept) < SHIFTS and reached.mean() > 0.03:
            kept.append(shift)
            bare &= ~reached
    nearest = ndimage.distance_transform_edt(~usable, return_distances=False, return_indices=True)
    while bare.any():
        deepest = int(np.flatnonzero(bare)[bare.sum() // 2])
        place = np.array((rows[deepest], cols[deepest]))
        kept.append(nearest[:, place[0], place[1]] - place)
        bare &= ~_lookup(usable, rows + kept[-1][0], cols + kept[-1][1])
    return np.array(kept, np.int32)


def _lookup(usable: Bitmap, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> Bitmap:
    height, width = usable.shape
    inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    found: Bitmap = inside & usable[rows.clip(0, height - 1), cols.clip(0, width - 1)]
    return found


def _matches(image: Field, centres: NDArray[np.intp], near: NDArray[np.intp]) -> NDArray[np.intp]:
    """Displacements to the likest patches that are not almost the same place."""
    patches = _patches(image, centres)
    mean = patches.mean(axis=0)
    sample = patches[:: max(1, len(patches) // 2000)] - mean
    axes = np.ascontiguousarray(np.linalg.eigh(sample.T @ sample)[1][:, -COMPONENTS:])
    known, wanted = (patches - mean) @ axes, (_patches(image, near) - mean) @ axes
    length = (known * known).sum(axis=1) / 2
    too_near = max(4, max(image.shape[:2]) // 15)
    here, there = (np.ascontiguousarray(places.T, np.int32) for places in (near, centres))
    found = []
    for part in np.array_split(np.arange(len(near)), -(-len(near) // 256)):
        score = length - wanted[part] @ known.T
        rows, cols = (
            np.abs(a[part, None] - b) < too_near for a, b in zip(here, there, strict=True)
        )
        np.putmask(score, rows & cols, np.inf)
        best = np.argpartition(score, MATCHES, axis=1)[:, :MATCHES]
        found.append(centres[best] - near[part, None])
    return np.concatenate(found)


def _patches(image: Field, centres: NDArray[np.intp]) -> Field:
    size = 2 * RADIUS_PX + 1
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    picked = windows[centres[:, 0] - RADIUS_PX, centres[:, 1] - RADIUS_PX]
    return np.asarray(picked.reshape(len(centres), -1), np.float32)
