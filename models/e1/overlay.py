"""A small answer laid over a large source: what is not edited stays as it is, to the bit.

The painter says of each pixel whether it stays, and of what does not which tint its own light
takes and which colour comes to that. These are smooth, so they are enlarged and applied to the
source's own pixels; the gate is drawn to the source's edges on the way (guided filter, He et al.
2010), and what is new is made crisp (shock filter, Osher and Rudin 1990).
"""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.e1.flow import levels
from models.geometry import Rgb

if TYPE_CHECKING:
    from models.e1.folder import E1

Plane = NDArray[np.float32]

_SIDE_PX = 512
"""Long side at which gates are drawn to edges, and what is new is made crisp."""
_REACH_PX, _FLATNESS = 10, 1e-3
_OPEN = (0.4, 0.6)
"""Gates below the first stay shut, above the second stand open."""
_AJAR, _WHOLE = 0.1, 0.95
"""Where more of the image than the second has gates that are at least ajar, all of it is edited:
nothing has to stay as it is, and gates are taken as they are."""
_PALE = 0.8
"""Of -1 to 1: from here on what is new is on its way to white."""
_TINTED = 0.15
"""What takes more than this of the source's light keeps the source's edges."""
_CRISP_STEPS = 12
_LUMA = np.asarray((0.2126, 0.7152, 0.0722), np.float32)


def answered(e1: "E1", told: Any, noise: Any, steps: int) -> Plane:  # noqa: ANN401 - `Told`, a tensor
    """The painter's last answers on the way from noise, rows x height x width x 7.

    Args:
        e1: Whose painter answers.
        told: What it is told.
        noise: Latents.
        steps: How often it is asked.
    """
    import torch

    from models.e1.studio_painter import painted, parts

    decode, painter = e1.parts.autoencoder.decode, e1.network.transformer
    with torch.inference_mode():
        words, source = e1.network.connectors["reader"](told.read), decode(told.source)
        noisy = decode(noise)
        for sigma, after in levels(steps, noise.shape[-2] * noise.shape[-1]):
            at = torch.full((len(noise),), sigma, device=noise.device)
            answer = painter.answer(noisy, source, words, at)
            noisy = noisy + (after - sigma) / sigma * (noisy - painted(answer, source))
        planes = torch.cat(parts(answer), dim=1).float().permute(0, 2, 3, 1)
    return np.asarray(planes.cpu().numpy(), np.float32)


def laid_over(source: Rgb, planes: Plane) -> Rgb:
    """The source with an answer laid over it.

    Args:
        source: Of any size.
        planes: Rows x columns x 7: gate (0 to 1), tints, colours.
    """
    height, width = source.shape[:2]
    shrink = min(1.0, _SIDE_PX / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = _unit(cv2.resize(source, size, interpolation=cv2.INTER_AREA))
    large = np.asarray(cv2.resize(planes, size, interpolation=cv2.INTER_CUBIC), np.float32)
    gate = _gate(large[..., 0], small)
    if not gate.any():
        return source.copy()
    return _applied(source, gate, *_cleaned(large[..., 1:4], large[..., 4:], small))


def _gate(raw: Plane, small: Plane) -> Plane:
    low, high = _OPEN
    if float((raw > _AJAR).mean()) > _WHOLE:
        return np.clip(raw, 0, 1)
    drawn = _guided(small @ _LUMA, raw, _REACH_PX, _FLATNESS)
    return np.asarray(np.clip((drawn - low) / (high - low), 0, 1), np.float32)


def _cleaned(tint: Plane, colour: Plane, small: Plane) -> tuple[Plane, Plane]:
    """Tints and colours whose all but white is white, and whose new forms have hard edges."""
    new = tint * (small @ _LUMA + 1)[..., None] + colour
    white = np.clip((new.min(axis=2, keepdims=True) - _PALE) / (1 - _PALE) * 2, 0, 1)
    tint, colour, new = tint * (1 - white), colour + white * (1 - colour), new + white * (1 - new)
    is_new = np.abs(tint).max(axis=2, keepdims=True) < _TINTED
    return tint, colour + np.where(is_new, _crisp(new) - new, 0).astype(np.float32)


def _guided(guide: Plane, raw: Plane, reach_px: int, flatness: float) -> Plane:
    """A plane that follows the edges of a guide: a local line through it in each window."""

    def mean(plane: Plane) -> Plane:
        side = 2 * reach_px + 1
        return np.asarray(cv2.blur(plane, (side, side)), np.float32)

    middle, level = mean(guide), mean(raw)
    slope = (mean(guide * raw) - middle * level) / (mean(guide * guide) - middle**2 + flatness)
    return np.asarray(mean(slope) * guide + mean(level - slope * middle), np.float32)


def _crisp(image: Plane) -> Plane:
    """Soft steps made hard: each pixel goes towards the lighter or darker side it is nearer to."""
    square = np.ones((3, 3), np.uint8)
    for _ in range(_CRISP_STEPS):
        soft = cv2.GaussianBlur(image, (0, 0), 1.5)
        curve = cv2.Laplacian(soft @ _LUMA, cv2.CV_32F, ksize=3)[..., None]
        lighter, darker = cv2.dilate(image, square), cv2.erode(image, square)
        image = np.where(curve < 0, lighter, darker) * 0.5 + image * 0.5
    return np.asarray(image, np.float32)


def _applied(source: Rgb, gate: Plane, tint: Plane, colour: Plane) -> Rgb:
    height, width = source.shape[:2]
    grown = [
        np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        for plane in (gate, tint, colour)
    ]
    where = grown[0] > 0
    pixels, share = _unit(source[where]), grown[0][where][:, None]
    new = grown[1][where] * (pixels @ _LUMA + 1)[:, None] + grown[2][where]
    mixed = pixels + share * (new - pixels)
    result = source.copy()
    result[where] = np.clip(np.rint((mixed + 1) * 127.5), 0, 255)
    return result


def _unit(pixels: NDArray[np.uint8]) -> Plane:
    return pixels.astype(np.float32) / 127.5 - 1
