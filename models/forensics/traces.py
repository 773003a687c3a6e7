"""What edits leave in the noise of a picture and in its frequencies, as a vector of numbers.

Noise residuals and their co-occurrence after Fridrich and Kodovský (2012), with quantisation to
five levels; noise that differs between tiles, as splicing leaves it; the 8 x 8 grid of JPEG; and
the radial power spectrum, in which resampling and smoothing show. Luma alone is looked at.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

LEAST_SIDE_PX = 64
_TILE_PX = 32
_WINDOW_PX = 256
_RINGS = 12
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_LEVELS = 5
_SECOND = np.array([[1, -2, 1]], np.float32)

Numbers = NDArray[np.float64]
_Luma = NDArray[np.float32]


def traces(image: Rgb) -> Numbers:
    """The vector of a picture with sides of `LEAST_SIDE_PX` or more; its length is fixed."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    luma = grey.astype(np.float32)
    across, down = (np.asarray(cv2.filter2D(luma, -1, k), np.float32) for k in (_SECOND, _SECOND.T))
    median = luma - cv2.medianBlur(grey, 3)
    smooth = cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), 1.5), -1)
    edges = np.log(_tiles(np.abs(smooth)) + 0.01)
    pairs = _pairs(_level(across)) + _pairs(_level(down).T)
    return np.concatenate(
        [
            np.log(pairs / pairs.sum() + 1e-5),
            *(_between_tiles(residual, edges) for residual in (median, across, down)),
            _grid(grey),
            _spectrum(luma),
        ]
    ).astype(np.float64)


def _level(residual: _Luma) -> Rgb:
    """Quantised in steps of two to 0 … 4, where 2 is none."""
    return np.asarray(np.clip(residual / 2 + _LEVELS / 2, 0, _LEVELS - 0.5), np.uint8)


def _pairs(level: Rgb) -> Numbers:
    """How often each level follows each."""
    pair = level[:, 1:] * np.uint8(_LEVELS) + level[:, :-1]
    return np.asarray(cv2.calcHist([pair], [0], None, [_LEVELS**2], [0, _LEVELS**2])).ravel()


def _between_tiles(residual: _Luma, edges: _Luma) -> Numbers:
    """How noise, flatness, and noise beyond what edges explain are spread over tiles."""
    size = np.abs(residual)
    noise = np.log(_tiles(size) + 0.01)
    flat = _tiles((size < 0.5).astype(np.float32))
    each = (noise, flat, noise - edges)
    return np.concatenate([np.append(np.quantile(v, _QUANTILES), v.std()) for v in each])


def _tiles(values: _Luma) -> _Luma:
    """Means of tiles."""
    rows, columns = (side // _TILE_PX for side in values.shape)
    whole = values[: rows * _TILE_PX, : columns * _TILE_PX]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _grid(grey: Rgb) -> Numbers:
    """By how much steps across the lines of the 8 x 8 grid exceed others, in logarithms."""
    found = []
    for lines in (grey, cv2.transpose(grey)):
        apart = cv2.absdiff(lines[:, 1:], lines[:, :-1])
        step = cv2.reduce(apart, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
        phase = np.array([step[at::8].mean() for at in range(8)]) + 0.01
        found += [np.log(phase[7] / np.median(phase)), np.log(phase.max() / np.median(phase))]
    return np.array(found)


def _spectrum(luma: _Luma) -> Numbers:
    """Log power in rings of frequency, less that of all, over windows spread over the picture."""
    side = min(_WINDOW_PX, *luma.shape)
    taper = np.outer(np.hanning(side), np.hanning(side))
    at = [np.linspace(0, length - side, 3).astype(int) for length in luma.shape]
    power = np.mean(
        [
            np.abs(np.fft.rfft2((w := luma[y : y + side, x : x + side]) * taper - w.mean())) ** 2
            for y in at[0]
            for x in at[1]
        ],
        axis=0,
    )
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    ring = np.minimum((radius / 0.5 * _RINGS).astype(int), _RINGS)
    sums = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    logs = np.log(sums[:_RINGS] + 1)
    return np.asarray(logs - logs.mean(), np.float64)
