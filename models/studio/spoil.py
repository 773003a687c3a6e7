"""Wrong results of known kind and degree, made from right ones."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, Rgb
from models.studio.catalogue import names, sprite
from models.vocabulary import PaintKind


class Flaw(StrEnum):
    """What can be wrong with a result."""

    NOT_DONE = "not_done"
    """The old image shows through; at degree 1 nothing was done."""
    WRONG_OBJECT = "wrong_object"
    """An object that nobody asked for is there; the degree is its share of the region's box."""
    WRONG_COLOUR = "wrong_colour"
    """The region has another colour; the degree turns the hue, up to half the circle."""
    SPILL = "spill"
    """Paint reaches beyond the region; the degree is how far."""
    SHIFT = "shift"
    """The region's content is moved aside, by up to half of its box."""
    BLUR = "blur"
    """The region is out of focus."""
    LEFTOVER = "leftover"
    """A part of the old region remains; the degree is its share."""


SUITABLE: Mapping[PaintKind, tuple[Flaw, ...]] = {
    PaintKind.ERASE: tuple(Flaw),
    PaintKind.INSERT: tuple(Flaw),
    PaintKind.RECOLOUR: tuple(Flaw),
    PaintKind.ISOLATE: (Flaw.NOT_DONE, Flaw.WRONG_OBJECT, Flaw.WRONG_COLOUR, Flaw.BLUR),
    PaintKind.FRAME: tuple(Flaw),
}
"""The flaws that mean something for each kind of step whose right result is known."""


def spoil(result: Rgb, given: Rgb, region: Bitmap, flaw: Flaw, *, degree: float, seed: int) -> Rgb:
    """The result with a flaw; the same bytes for the same arguments.

    Args:
        result: What is spoilt, such as the perfect result; it is left as it is.
        given: The image before the edit.
        region: Where the edit was asked for, height x width.
        flaw: What goes wrong.
        degree: How much of it, above 0 and up to 1.
        seed: Chooses what is arbitrary: directions, colours, objects.
    """
    return _SPOILERS[flaw](result, given, region, degree, np.random.default_rng(seed))


def _mixed(result: Rgb, other: Rgb, share: NDArray[np.float32]) -> Rgb:
    """The other image where `share` is 1, the result where it is 0."""
    at, mixed = Box.around(share > 0).slices, result.copy()
    base = result[at].astype(np.float32)
    mixed[at] = np.rint(base + (other[at] - base) * share[at][..., None])
    return mixed


def _soft(region: Bitmap, radius_px: float) -> NDArray[np.float32]:
    """The region grown by a radius, with a soft border as wide."""
    reach, sigma = 2 * round(radius_px) + 1, max(0.6, radius_px / 3)
    height, width = region.shape
    # Beyond so many pixels the blur adds nothing.
    at = Box.around(region).grown(reach + round(5 * sigma) + 2, width=width, height=height).slices
    grown = cv2.dilate(region[at].astype(np.uint8), np.ones((reach, reach), np.uint8))
    soft = np.zeros(region.shape, np.float32)
    soft[at] = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), sigma)
    return soft


def _side_px(region: Bitmap) -> float:
    box = Box.around(region)
    return float(np.sqrt(max(1, box.area_px)))


def _with_stranger(
    result: Rgb, _: Rgb, region: Bitmap, degree: float, rng: np.random.Generator
) -> Rgb:
    """A catalogue object in the middle of the region's box, on a smooth fill."""
    image, box = result.copy(), Box.around(region)
    known = names()
    stranger = known[int(rng.integers(len(known)))]
    height = max(8, round(np.sqrt(degree) * min(box.height, 2 * box.width)))
    pixels = sprite(stranger, height)
    if pixels.shape[1] > box.width:
        height = max(8, height * box.width // pixels.shape[1])
        pixels = sprite(stranger, height)
    at = Box(
        (box.x0 + box.x1 - pixels.shape[1]) // 2,
        box.y1 - pixels.shape[0],
        (box.x0 + box.x1 - pixels.shape[1]) // 2 + pixels.shape[1],
        box.y1,
    )
    visible = at.clipped(image.shape[1], image.shape[0])
    pixels = pixels[visible.y0 - at.y0 :, visible.x0 - at.x0 :][: visible.height, : visible.width]
    _hollow(image, region, share=degree)
    part, alpha = image[visible.slices].astype(np.float32), pixels[..., 3:] / 255
    image[visible.slices] = np.rint(part + (pixels[..., :3] - part) * alpha)
    return image


def _hollow(image: Rgb, region: Bitmap, *, share: float) -> None:
    """Fade the region towards its surroundings, so that what was asked for goes."""
    box = Box.around(region).grown(24, width=image.shape[1], height=image.shape[0])
    small = (max(8, box.width // 8), max(8, box.height // 8))
    part = cv2.resize(image[box.slices], small, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(region[box.slices].astype(np.uint8), small, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(hole, np.ones((3, 3), np.uint8))
    filled = cv2.inpaint(part, hole, 3, cv2.INPAINT_TELEA)
    fill = cv2.resize(filled, (box.width, box.height), interpolation=cv2.INTER_CUBIC)
    cover = _soft(region[box.slices], 2) * np.float32(share)
    image[box.slices] = _mixed(image[box.slices], np.asarray(fill, np.uint8), cover)


def _turned_hue(
    result: Rgb, _: Rgb, region: Bitmap, degree: float, rng: np.random.Generator
) -> Rgb:
    """Turn a and b of Lab, and tint what has no colour to turn."""
    cover = _soft(region, 1)
    at = Box.around(cover > 0).slices
    lab = cv2.cvtColor(result[at].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    angle = float(rng.choice((-1, 1))) * degree * np.pi
    turn = np.asarray(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))), np.float32)
    way = rng.uniform(0, 2 * np.pi)
    tint = 30 * degree * np.asarray((np.cos(way), np.sin(way)), np.float32)
    inside = region[at]
    lab[inside, 1:] = lab[inside, 1:] @ turn.T + tint
    turned = result.copy()
    turned[at] = np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1) * 255)
    return _mixed(result, turned, cover)


def _spilt(result: Rgb, given: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """A blotch in the region's new colour that runs out on one side."""
    box = Box.around(region)
    way = rng.uniform(0, 2 * np.pi)
    reach = degree * 0.45 * _side_px(region)
    move = _translation(reach, way)
    size = (region.shape[1], region.shape[0])
    moved = np.asarray(cv2.warpAffine(region.astype(np.uint8), move, size), np.bool_)
    cover = np.asarray(_soft(moved, 0.35 * reach) * ~region, np.float32)
    changed = np.abs(result[box.slices].astype(np.int16) - given[box.slices]).sum(axis=2) > 30
    inside = region[box.slices] & changed
    pool = result[box.slices][inside if inside.any() else region[box.slices]]
    colour = pool.mean(axis=0)
    flat = np.broadcast_to(np.rint(colour).astype(np.uint8), result.shape)
    return _mixed(result, flat, np.float32(0.85) * cover)


def _translation(far_px: float, way: float) -> NDArray[np.float32]:
    """The affine matrix that moves an image so far in that direction (radians)."""
    return np.asarray([[1, 0, far_px * np.cos(way)], [0, 1, far_px * np.sin(way)]], np.float32)


def _shifted(result: Rgb, _: Rgb, region: Bitmap, degree: float, rng: np.random.Generator) -> Rgb:
    """The region's content, grown a little, pasted aside of where it belongs."""
    way = rng.uniform(0, 2 * np.pi)
    move = _translation(0.5 * degree * _side_px(region), way)
    size = (region.shape[1], region.shape[0])
    moved = cv2.warpAffine(result, move, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(_soft(region, 3), move, size)
    bare = result.copy()
    _hollow(bare, region, share=1.0)
    return _mixed(bare, np.asarray(moved, np.uint8), np.asarray(cover, np.float32))


def _blurred(result: Rgb, _: Rgb, region: Bitmap, degree: float, __: np.random.Generator) -> Rgb:
    sigma = 1 + 0.08 * degree * _side_px(region)
    box = Box.around(region).grown(round(3 * sigma), width=region.shape[1], height=region.shape[0])
    image = result.copy()
    part = result[box.slices]
    blurred = np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), np.uint8)
    image[box.slices] = _mixed(part, blurred, _soft(region[box.slices], sigma))
    return image


def _ghostly(result: Rgb, given: Rgb, region: Bitmap, degree: float, _: np.random.Generator) -> Rgb:
    """The old image shows through everywhere."""
    return _mixed(result, given, np.full(region.shape, degree, np.float32))


def _left_over(
    result: Rgb, given: Rgb, region: Bitmap, degree: float, rng: np.random.Generator
) -> Rgb:
    """What is on one side of a straight cut stays: the degree is its share of the region."""
    way = rng.uniform(0, 2 * np.pi)
    rows, cols = np.nonzero(region)
    along = cols * np.cos(way) + rows * np.sin(way)
    kept = along <= np.quantile(along, degree)
    part = np.zeros(region.shape, np.bool_)
    part[rows[kept], cols[kept]] = True
    return _mixed(result, given, _soft(part, 1))


_SPOILERS: Mapping[Flaw, Callable[[Rgb, Rgb, Bitmap, float, np.random.Generator], Rgb]] = {
    Flaw.NOT_DONE: _ghostly,
    Flaw.WRONG_OBJECT: _with_stranger,
    Flaw.WRONG_COLOUR: _turned_hue,
    Flaw.SPILL: _spilt,
    Flaw.SHIFT: _shifted,
    Flaw.BLUR: _blurred,
    Flaw.LEFTOVER: _left_over,
}
