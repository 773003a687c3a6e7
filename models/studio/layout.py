"""Where the objects of a scene go: one large in the middle, the others around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.geometry import Box
from models.studio import sprites
from models.studio.catalogue import CatalogueObject
from models.studio.settings import Setting

MAIN_SHARE = (0.095, 0.17)
"""Share of the image that the main object's mask covers."""
_SHARES = {1: (0.023, 0.034), 2: (0.03, 0.05), 3: (0.042, 0.07), 4: (0.06, 0.09)}
"""The same for the other objects, by their size in the catalogue."""
_DEPTHS = {1: (0.4, 0.93), 2: (0.25, 0.93), 3: (0.1, 0.8), 4: (0.05, 0.45)}
"""How near to the viewer a thing's foot is, by its size: 0 on the horizon, 1 at the lower edge."""
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
    ratio = sprites.aspect(thing.codepoint, thing.wear)
    dense = sprites.fill(thing.codepoint, thing.wear)
    rows = min(
        np.sqrt(share * width * height / (dense * ratio)),
        _WIDEST * width / ratio,
        _TALLEST * height,
    )
    reached = dense * ratio * rows * rows / (width * height)
    return (max(1, round(ratio * rows)), max(1, round(rows))), float(reached)


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
    """A free place, or None where the thing does not fit even when it is made smaller."""
    for box in _candidates(stage, thing, rng):
        if all(_apart(stage, box, other.box) for other in placed):
            return _placed(stage, thing, box, rng)
    return None


def _candidates(
    stage: LayoutCanvas, thing: CatalogueObject, rng: np.random.Generator
) -> Iterator[Box]:
    wanted = rng.uniform(*_SHARES[thing.size])
    margin = round(0.015 * min(stage.width, stage.height))
    for attempt in range(_TRIES):
        share = max(_LEAST_SHARE, wanted * (1 - 0.6 * attempt / _TRIES))
        (width, height), reached = extent(thing, share, stage.width, stage.height)
        if reached < 0.9 * _LEAST_SHARE:
            return
        low, high = _foot_range(stage, thing, relaxed=attempt > _TRIES / 2)
        low = max(low, height + margin)
        room = stage.width - width - 2 * margin
        if high < low or room < 0:
            continue
        x0 = margin + round(rng.uniform(0, room))
        y1 = round(rng.uniform(low, high))
        yield Box(x0, y1 - height, x0 + width, y1)


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


def _apart(stage: LayoutCanvas, box: Box, other: Box) -> bool:
    if not stage.crowded:
        return box.gap_px(other) >= _GAP_PX
    across = min(box.x1, other.x1) - max(box.x0, other.x0)
    down = min(box.y1, other.y1) - max(box.y0, other.y0)
    shared = max(0, across) * max(0, down)
    return shared <= _OVERLAP * min(box.area_px, other.area_px)
