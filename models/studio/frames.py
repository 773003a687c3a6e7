"""Clips: a few frames of one scene in which only the person changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.geometry import Box
from models.studio import sprites
from models.studio.catalogue import catalogue, named
from models.studio.layout import LayoutCanvas, Place, surround
from models.studio.scene import Scene, as_object, make_stage
from models.studio.scene_object import SceneObject
from models.studio.settings import SETTINGS, Background

_SEED = 20250521
_SIZES = ((1280, 1280), (1536, 1280), (1408, 1344), (1280, 1408))
_SETTINGS = (
    *("park", "street", "beach", "living_room", "meadow", "snow", "playroom", "farm"),
    *("lake", "desert"),
)
_FRAMES = (3, 4)
_STANDING_FRAC = (0.56, 0.64)
"""Height of a standing person, as a share of the image's."""
_STANDING_UNITS = 58.0
"""Height of OpenMoji's standing figures, of 72."""
_STEP_FRAC = 0.03
"""Largest step aside between two frames, as a share of the width."""

_TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")
_WEARS = (
    *("#3f6fb5", "#b5503f", "#2f8f6b", "#8a4fa3", "#c98a1b", "#3a4a5e", "#c2527f"),
    "#5f8f2f",
)

Person = Literal["woman", "man"]
_SIGN: Mapping[Person, str] = {"woman": "2640", "man": "2642"}

ACTIONS: Mapping[str, str] = {
    "standing": "1F9CD",
    "walking": "1F6B6",
    "running": "1F3C3",
    "riding a bicycle": "1F6B4",
    "bouncing a ball": "26F9",
    "lifting weights": "1F3CB",
    "doing a cartwheel": "1F938",
    "juggling": "1F939",
    "kneeling": "1F9CE",
    "playing golf": "1F3CC",
    "meditating": "1F9D8",
    "throwing a ball": "1F93E",
    "dancing": "",
}
"""What a person can be shown doing, with the glyph that has a variant for each sex."""
_DANCING: Mapping[Person, str] = {"woman": "1F483", "man": "1F57A"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actor:
    """One person, the same in every frame of a clip."""

    person: Person
    tone: str
    wear: str
    flip: bool

    def codepoint(self, action: str) -> str:
        if action == "dancing":
            return f"{_DANCING[self.person]}-{self.tone}"
        return f"{ACTIONS[action]}-{self.tone}-200D-{_SIGN[self.person]}-FE0F"


def make_clip(index: int) -> tuple[Scene, ...]:
    """Three or four frames of one scene; the person acts differently in each.

    Nothing else changes: every other pixel is the same in all frames, but for the shadow.
    """
    rng = np.random.default_rng((_SEED, index))
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    setting = SETTINGS[_SETTINGS[index % len(_SETTINGS)]]
    background = Background(
        setting=setting.key,
        seed=int(rng.integers(2**31)),
        horizon_frac=float(rng.uniform(*setting.horizon_frac)),
    )
    stage = make_stage(background, width, height, crowded=False)
    poses = _poses(stage, _actor(rng), rng)
    others = _others(stage, poses, rng)
    return tuple(
        Scene(
            index=index,
            frame=number,
            width=width,
            height=height,
            background=background,
            objects=(*others, pose),
        )
        for number, pose in enumerate(poses)
    )


def _actor(rng: np.random.Generator) -> _Actor:
    people: tuple[Person, ...] = ("woman", "man")
    return _Actor(
        person=people[int(rng.integers(2))],
        tone=_TONES[int(rng.integers(len(_TONES)))],
        wear=_WEARS[int(rng.integers(len(_WEARS)))],
        flip=bool(rng.integers(2)),
    )


def _poses(stage: LayoutCanvas, actor: _Actor, rng: np.random.Generator) -> tuple[SceneObject, ...]:
    """The person in each frame, at one scale and on one line of the ground."""
    count = int(rng.integers(_FRAMES[0], _FRAMES[1] + 1))
    actions = [str(action) for action in rng.permutation(sorted(ACTIONS))[:count]]
    px_per_unit = rng.uniform(*_STANDING_FRAC) * stage.height / _STANDING_UNITS
    foot = round(rng.uniform(max(0.78, stage.horizon / stage.height + 0.16), 0.93) * stage.height)
    middle = rng.uniform(0.42, 0.58) * stage.width
    poses = []
    for action in actions:
        codepoint = actor.codepoint(action)
        wide, high = (units * px_per_unit for units in sprites.units(codepoint, actor.wear))
        left = round(middle + rng.uniform(-1, 1) * _STEP_FRAC * stage.width - wide / 2)
        box = Box(left, foot - round(high), left + round(wide), foot)
        poses.append(
            SceneObject(
                name=actor.person,
                codepoint=codepoint,
                box=box,
                flip=actor.flip,
                wear=actor.wear,
                action=action,
            )
        )
    return tuple(poses)


def _others(
    stage: LayoutCanvas, poses: tuple[SceneObject, ...], rng: np.random.Generator
) -> tuple[SceneObject, ...]:
    """What stands around, clear of every pose."""
    reach = poses[0].box
    for pose in poses[1:]:
        reach = reach.union(pose.box)
    person = Place(thing=named(poses[0].name), box=reach, stands=True, flip=False)
    suited = [thing for thing in catalogue() if stage.suits(thing) and thing.category != "person"]
    order = [suited[int(i)] for i in rng.permutation(len(suited))]
    places = surround(stage, person, order, int(rng.integers(4, 7)), rng=rng)
    return tuple(as_object(place) for place in places if place is not person)
