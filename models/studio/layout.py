"""Where the objects of a scene go: one large in the middle, the others around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Box
from models.studio import sprites
from models.studio.catalogue import CatalogueObject
from models.studio.settings import Setting

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Extents = tuple[Floats, Floats, Floats]

MAIN_SHARE = (0.095, 0.17)
"""Share of the image that the main object's mask covers."""
_SHARES = {1: (0.023, 0.034), 2: (0.03, 0.05), 3: (0.042, 0.07), 4: (0.06, 0.09)}
"""The same for the other objects, by their size in the catalogue."""
_DEPTHS = {1: (0.4, 0.93), 2: (0.25, 0.93), 3: (0.1, 0.8), 4: (0.05, 0.45)}
"""How near to the viewer a thing's foot is, by its size: 0 on the horizon, 1 at the lower edge."""
MARGIN_FRAC = 0.04
"""Room between a thing that stands alone and the canvas's edge, as a share of the height."""
_ALOFT_SHARE = (0.06, 0.1)
"""Share of the canvas that one covers in the air."""
_MOST_ALOFT = 2
_LEAST_SHARE = 0.022
_WIDEST, _TALLEST = 0.6, 0.62
_TRIES = 60
_GAP_PX = 18
_OVERLAP = 0.18
"""Largest part of the smaller of two boxes that a crowded scene lets them share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An object with its box. What stands casts a shadow; what flies or hangs does not."""

    thing: CatalogueObject
    box: Box
    stands: bool
    flip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutCanvas:
    """The canvas that is laid out."""

    width: int
    height: int
    horizon: int
    setting: Setting
    crowded: bool
    """Whether boxes may overlap a little."""

    def stands(self, thing: CatalogueObject) -> bool:
        """Whether the thing stands on the ground here."""
        return self.setting.above not in thing.where

    def suits(self, thing: CatalogueObject) -> bool:
        """Whether the thing makes sense here."""
        offered = {*self.setting.grounds, self.setting.above}
        return not offered.isdisjoint(thing.where)


def extent(
    thing: CatalogueObject, share: float, width: int, height: int
) -> tuple[tuple[int, int], float]:
    """Size (columns, rows) at which a mask covers a share of the canvas, and the share reached.

    Long and tall things are held within the canvas, so they may reach less than was asked.
    """
    cols, rows, reached = _extents(thing, np.array([share]), width, height)
    return (int(cols[0]), int(rows[0])), float(reached[0])


def _extents(thing: CatalogueObject, shares: Floats, width: int, height: int) -> Extents:
    """The same of many shares: columns, rows, and the shares reached."""
    ratio = sprites.aspect(thing.codepoint, thing.wear)
    dense = sprites.fill(thing.codepoint, thing.wear)
    rows = np.sqrt(shares * width * height / (dense * ratio))
    rows = np.minimum(rows, min(_WIDEST * width / ratio, _TALLEST * height))
    reached = dense * ratio * rows * rows / (width * height)
    return np.maximum(1, np.rint(ratio * rows)), np.maximum(1, np.rint(rows)), reached


def lay_out(
    stage: LayoutCanvas, things: Sequence[CatalogueObject], count: int, rng: np.random.Generator
) -> tuple[Place, ...]:
    """At most `count` of the things, back to front; one that can be large is the main one."""
    return surround(stage, _main_place(stage, things, rng), things, count, rng=rng)


def surround(
    stage: LayoutCanvas,
    main: Place,
    things: Sequence[CatalogueObject],
    count: int,
    *,
    rng: np.random.Generator,
) -> tuple[Place, ...]:
    """The main object with others around it, at most `count` in all, back to front."""
    placed = [main]
    for thing in things:
        if len(placed) == count:
            break
        aloft = sum(not place.stands for place in placed)
        if thing is main.thing or (aloft >= _MOST_ALOFT and not stage.stands(thing)):
            continue
        place = _fit(stage, thing, placed, rng)
        if place is not None:
            placed.append(place)
    return tuple(sorted(placed, key=lambda place: (place.stands, place.box.y1)))


def lone(
    stage: LayoutCanvas,
    thing: CatalogueObject,
    rng: np.random.Generator,
    *,
    share: tuple[float, float],
) -> Place:
    """The thing by itself anywhere on the canvas; on the ground it covers a share in that range."""
    stands = stage.stands(thing)
    wanted = rng.uniform(*(share if stands else _ALOFT_SHARE))
    (width, height), _ = extent(thing, wanted, stage.width, stage.height)
    margin = round(MARGIN_FRAC * stage.height)
    x0 = round(rng.uniform(margin, max(margin, stage.width - width - margin)))
    low, high = (
        (stage.horizon + 0.1 * stage.height, 0.92 * stage.height)
        if stands
        else (0.0, 0.9 * stage.horizon)
    )
    low = max(low, height + margin)
    y1 = round(rng.uniform(low, max(low, high)))
    box = Box(x0, y1 - height, x0 + width, y1)
    return Place(thing=thing, box=box, stands=stands, flip=bool(rng.integers(2)))


def _main_place(
    stage: LayoutCanvas, things: Sequence[CatalogueObject], rng: np.random.Generator
) -> Place:
    share = rng.uniform(*MAIN_SHARE)
    able = [
        thing
        for thing in things
        if stage.stands(thing)
        and thing.size > 1
        and extent(thing, share, stage.width, stage.height)[1] > 0.9 * MAIN_SHARE[0]
    ]
    thing = max(able, key=lambda option: min(option.size, 3))
    (width, height), _ = extent(thing, share, stage.width, stage.height)
    x0 = round(rng.uniform(0.38, 0.62) * stage.width - width / 2)
    least = max(stage.horizon + 0.12 * stage.height, height + 0.03 * stage.height)
    y1 = round(rng.uniform(least, max(least, 0.9 * stage.height)))
    return _placed(stage, thing, Box(x0, y1 - height, x0 + width, y1), rng)


def _placed(
    stage: LayoutCanvas, thing: CatalogueObject, box: Box, rng: np.random.Generator
) -> Place:
    flip = bool(rng.integers(2))
    return Place(thing=thing, box=box, stands=stage.stands(thing), flip=flip)


def _fit(
    stage: LayoutCanvas, thing: CatalogueObject, placed: Sequence[Place], rng: np.random.Generator
) -> Place | None:
    """The first free place of many, or None where the thing does not even fit made smaller."""
    wanted = rng.uniform(*_SHARES[thing.size])
    margin = round(0.015 * min(stage.width, stage.height))
    attempts = np.arange(_TRIES)
    shares = np.maximum(_LEAST_SHARE, wanted * (1 - 0.6 * attempts / _TRIES))
    width, height, reached = _extents(thing, shares, stage.width, stage.height)
    near, anywhere = (_foot_range(stage, thing, relaxed=relaxed) for relaxed in (False, True))
    low, high = np.where((attempts > _TRIES / 2)[:, None], anywhere, near).T
    low = np.maximum(low, height + margin)
    room = stage.width - width - 2 * margin
    is_large = np.logical_and.accumulate(reached >= 0.9 * _LEAST_SHARE)
    (tried,) = np.nonzero(is_large & (high >= low) & (room >= 0))
    state = rng.bit_generator.state
    drawn = rng.random((len(tried), 2))
    x0 = margin + np.rint(room[tried] * drawn[:, 0])
    y1 = np.rint(low[tried] + (high[tried] - low[tried]) * drawn[:, 1])
    boxes = np.stack([x0, y1 - height[tried], x0 + width[tried], y1])
    free = np.logical_and.reduce([_apart(stage, boxes, other.box) for other in placed])
    if not free.any():
        return None
    first = int(np.argmax(free))
    # What comes next is drawn as if the places after this one had never been looked at.
    rng.bit_generator.state = state
    rng.random((first + 1, 2))
    return _placed(stage, thing, Box(*(int(edge) for edge in boxes[:, first])), rng)


def _foot_range(
    stage: LayoutCanvas, thing: CatalogueObject, *, relaxed: bool
) -> tuple[float, float]:
    """Rows where the foot of a thing may be: what is large belongs farther away."""
    if not stage.stands(thing):
        return 0.0, 0.95 * stage.horizon
    anywhere = (0.05, 0.6 if thing.size == 4 else 0.93)
    nearest, farthest = anywhere if relaxed else _DEPTHS[thing.size]
    deep = stage.height - stage.horizon
    return stage.horizon + nearest * deep, stage.horizon + farthest * deep


def _apart(stage: LayoutCanvas, boxes: Floats, other: Box) -> Bools:
    """Which boxes, each a column of edges, are far enough from another one."""
    x0, y0, x1, y1 = boxes
    across = np.minimum(x1, other.x1) - np.maximum(x0, other.x0)
    down = np.minimum(y1, other.y1) - np.maximum(y0, other.y0)
    if not stage.crowded:
        clear: Bools = np.hypot(np.maximum(0, -across), np.maximum(0, -down)) >= _GAP_PX
        return clear
    shared = np.maximum(0, across) * np.maximum(0, down)
    tolerable: Bools = shared <= _OVERLAP * np.minimum((x1 - x0) * (y1 - y0), other.area_px)
    return tolerable
