"""Weighted Poisson correction: the smooth field that closes the seams of a collage."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap

Field = NDArray[np.float32]
"""Height x width x channels."""

SWEEPS = 2
CYCLES = 2
DAMPING = np.float32(0.8)
COARSEST_PX = 6
HALF = np.float32(0.5)
CHANNELS = 3


def relax(inside: Bitmap, want_x: Field, want_y: Field, weight_x: Field, weight_y: Field) -> Field:
    """The field whose differences come closest to those that are wanted.

    Minimises `sum weight * (difference - wanted)^2` over neighbours, with the field fixed at 0
    outside `inside` and free at the canvas edges, by multigrid (full multigrid, then V-cycles).

    Args:
        inside: height x width; where the field may differ from 0.
        want_x: height x (width - 1) x channels, wanted `field[:, x + 1] - field[:, x]`.
        want_y: (height - 1) x width x channels, likewise down the rows.
        weight_x: height x (width - 1) x 1, how much each difference counts, 0 to 1.
        weight_y: (height - 1) x width x 1.

    Returns:
        Height x width x channels.
    """
    keep = inside[..., None].astype(np.float32)
    load = -_divergence(weight_x * want_x, weight_y * want_y) * keep
    within_x, within_y = keep[:, 1:] * keep[:, :-1], keep[1:] * keep[:-1]
    anchor = keep * (_links(weight_x, weight_y) - _links(weight_x * within_x, weight_y * within_y))
    inner_x, inner_y = weight_x * within_x, weight_y * within_y
    grid = _Grid(keep, anchor, inner_x.astype(np.float32), inner_y.astype(np.float32))
    field = np.zeros_like(load)
    for _ in range(CYCLES):
        field = grid.cycle(field, load)
    return field


class _Grid:
    """One level of the multigrid, with the coarser level below it.

    A coarse cell stands for its four fine cells. Two fine faces side by side, each bridging twice
    the distance, make a coarse face of their mean; the pull of the fixed border (`anchor`) adds
    up over four cells and halves likewise.
    """

    def __init__(
        self, keep: Field, anchor: Field, weight_x: Field, weight_y: Field, span_px: int = 1
    ) -> None:
        self.span_px = span_px
        self.keep, self.anchor = keep, anchor
        self.weight_x, self.weight_y = weight_x, weight_y
        pull = anchor + _links(weight_x, weight_y)
        step = DAMPING * keep / np.maximum(pull, np.float32(1e-6))
        # NumPy is five times as slow where a factor has one channel and the field three.
        self.wide = [
            np.repeat(factor, CHANNELS, axis=2) for factor in (weight_x, weight_y, anchor, step)
        ]
        # A fresh array of a megabyte costs as much as what is computed into it.
        self.scratch = [np.empty_like(factor) for factor in self.wide[:3]]
        self.coarser = self._coarsen() if min(keep.shape[:2]) > COARSEST_PX else None

    def _coarsen(self) -> "_Grid":
        height, width = self.keep.shape[:2]
        keep = np.minimum(_gathered(self.keep), 1)
        # From a cell's centre the border is span/2 + 1/2 px away; its pull falls in proportion.
        thinning = (self.span_px + 1) / (2 * self.span_px + 1)
        across = np.pad(self.weight_x, ((0, height % 2), (0, 2), (0, 0)))
        down = np.pad(self.weight_y, ((0, 2), (0, width % 2), (0, 0)))
        return _Grid(
            keep,
            _gathered(self.anchor) * np.float32(thinning),
            (across[::2, 1::2] + across[1::2, 1::2])[:, : keep.shape[1] - 1] * HALF,
            (down[1::2, ::2] + down[1::2, 1::2])[: keep.shape[0] - 1] * HALF,
            self.span_px * 2,
        )

    def residual(self, field: Field, load: Field) -> Field:
        weight_x, weight_y, anchor, _ = self.wide
        flow_x, flow_y, pull = self.scratch
        np.subtract(field[:, 1:], field[:, :-1], out=flow_x)
        np.subtract(field[1:], field[:-1], out=flow_y)
        flow_x *= weight_x
        flow_y *= weight_y
        left = _divergence(flow_x, flow_y)
        left -= np.multiply(anchor, field, out=pull)
        left += load
        return left

    def smooth(self, field: Field, load: Field) -> Field:
        for _ in range(SWEEPS):
            change = self.residual(field, load)
            change *= self.wide[3]
            change += field
            field = change
        return field

    def cycle(self, field: Field, load: Field) -> Field:
        """Smooth, correct from the coarser level, smooth again."""
        field = self.smooth(field, load)
        for _ in range(0 if self.coarser is None else 1 if self.span_px == 1 else 2):
            left = self.residual(field, load) * self.keep
            change = self._coarse_change(left)
            field = self.smooth(field + self._stride(change, left) * change, load)
        return field if self.coarser else self.smooth(self.smooth(field, load), load)

    def _coarse_change(self, left: Field) -> Field:
        assert self.coarser is not None
        below = _gathered(left)
        return self._finer(self.coarser.cycle(np.zeros_like(below), below))

    def _stride(self, change: Field, left: Field) -> np.float32:
        """How far along `change` the energy falls furthest, so no weights can make it diverge."""
        bend = -self.residual(change, np.zeros_like(change))
        return np.float32(np.vdot(change, left) / max(float(np.vdot(change, bend)), 1e-6))

    def _finer(self, coarse: Field) -> Field:
        height, width = self.keep.shape[:2]
        size = (coarse.shape[1] * 2, coarse.shape[0] * 2)
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR).reshape(
            *size[::-1], coarse.shape[2]
        )
        return np.asarray(fine[:height, :width] * self.keep, np.float32)


def _links(weight_x: Field, weight_y: Field) -> Field:
    out = np.zeros((weight_x.shape[0], weight_y.shape[1], 1), np.float32)
    out[:, 1:] += weight_x
    out[:, :-1] += weight_x
    out[1:] += weight_y
    out[:-1] += weight_y
    return out


def _divergence(flow_x: Field, flow_y: Field) -> Field:
    out = np.empty((flow_x.shape[0], flow_y.shape[1], flow_x.shape[2]), np.float32)
    out[:, :-1] = flow_x
    out[:, -1:] = 0
    out[:, 1:] -= flow_x
    out[:-1] += flow_y
    out[1:] -= flow_y
    return out


def _gathered(field: Field) -> Field:
    height, width = field.shape[:2]
    whole = np.pad(field, ((0, height % 2), (0, width % 2), (0, 0)))
    return np.asarray(
        whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2], np.float32
    )


def harmonic(image: Field, hole: Bitmap) -> Field:
    """The image with the smoothest surface that meets the border laid over the hole."""
    blank = np.where(hole[..., None], np.float32(0), image)
    want_x, want_y = -np.diff(blank, axis=1), -np.diff(blank, axis=0)
    ones_x, ones_y = np.ones_like(want_x[..., :1]), np.ones_like(want_y[..., :1])
    return blank + relax(hole, want_x, want_y, ones_x, ones_y)
