"""The settings of studio scenes: what is behind, what it is called, what may stand there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.geometry import Rgb
from models.studio import indoors, outdoors, town
from models.studio.brushes import BackgroundView, Canvas

_PAINTED_AT = 0.5
"""Backgrounds are painted at half size: their edges come out soft, and they cost a quarter."""
_GRAIN_LEVELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One family of backgrounds."""

    key: str
    phrase: str
    """Ends a caption, and names every noun: "on a sandy beach by the sea"."""
    nouns: tuple[str, ...]
    grounds: tuple[str, ...]
    """What it offers to stand on, in the words of the catalogue's `where`."""
    above: str
    """Where things that do not stand belong: "sky", "night sky" or "wall"; "" for nowhere."""
    paint: Callable[[BackgroundView], Canvas] = field(repr=False, compare=False)
    horizon_frac: tuple[float, float] = (0.42, 0.56)
    """Range of the row where the ground begins, as a share of the height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """One background: a setting with the seed of its colours and shapes."""

    setting: str
    seed: int
    horizon_frac: float


def _setting(
    paint: Callable[[BackgroundView], Canvas],
    phrase: str,
    *,
    nouns: str,
    grounds: str,
    above: str = "sky",
    horizon_frac: tuple[float, float] = (0.42, 0.56),
) -> Setting:
    return Setting(
        key=paint.__name__,
        phrase=phrase,
        nouns=tuple(nouns.split()),
        grounds=tuple(grounds.split()),
        above=above,
        paint=paint,
        horizon_frac=horizon_frac,
    )


SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (
        _setting(
            outdoors.meadow,
            "in a green meadow under a wide sky",
            nouns="meadow sky",
            grounds="pasture",
        ),
        _setting(
            town.street,
            "on a city street in front of buildings",
            nouns="street buildings",
            grounds="street",
            horizon_frac=(0.4, 0.5),
        ),
        _setting(
            indoors.kitchen,
            "on a wooden table before a tiled wall",
            nouns="table wall",
            grounds="table",
            above="",
            horizon_frac=(0.3, 0.42),
        ),
        _setting(outdoors.beach, "on a sandy beach by the sea", nouns="beach sea", grounds="shore"),
        _setting(outdoors.savanna, "on the savanna at sunset", nouns="savanna", grounds="savanna"),
        _setting(
            indoors.living_room,
            "in a living room with a wooden floor",
            nouns="floor",
            grounds="room",
            above="wall",
            horizon_frac=(0.5, 0.6),
        ),
        _setting(
            outdoors.snow,
            "on a field of snow below mountains",
            nouns="snow mountains",
            grounds="snow",
        ),
        _setting(outdoors.park, "in a sunny park with a path", nouns="park path", grounds="park"),
        _setting(outdoors.desert, "in a desert with dunes", nouns="desert dunes", grounds="desert"),
        _setting(
            outdoors.forest, "in a forest clearing", nouns="forest", grounds="forest", above=""
        ),
        _setting(
            indoors.tablecloth,
            "on a checked tablecloth before a wall",
            nouns="tablecloth wall",
            grounds="table",
            above="",
            horizon_frac=(0.32, 0.44),
        ),
        _setting(
            outdoors.farm, "on a farm field under the sky", nouns="field sky", grounds="pasture"
        ),
        _setting(outdoors.lake, "on the grass by a lake", nouns="grass lake", grounds="shore"),
        _setting(
            indoors.playroom,
            "in a playroom with a carpet",
            nouns="carpet",
            grounds="room",
            above="wall",
            horizon_frac=(0.46, 0.58),
        ),
        _setting(
            outdoors.night_field,
            "in a dark field under the stars",
            nouns="field stars",
            grounds="pasture",
            above="night sky",
        ),
    )
}


def paint(background: Background, width: int, height: int) -> Rgb:
    """The background alone, height x width x 3; the same bytes for the same arguments."""
    rng = np.random.default_rng(background.seed)
    small = (round(height * _PAINTED_AT), round(width * _PAINTED_AT))
    horizon = round(small[0] * background.horizon_frac)
    view = BackgroundView(height=small[0], width=small[1], horizon=horizon, rng=rng)
    canvas = np.clip(SETTINGS[background.setting].paint(view), 0, 255)
    full: Canvas = np.asarray(
        cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    # One tile of grain repeats: nobody sees it, and it costs a tenth of fresh noise.
    tile = rng.integers(-_GRAIN_LEVELS, _GRAIN_LEVELS + 1, (256, 256, 1)).astype(np.float32)
    repeats = (-(-height // 256), -(-width // 256), 1)
    full += np.tile(tile, repeats)[:height, :width]
    return np.clip(full, 0, 255, out=full).astype(np.uint8)
