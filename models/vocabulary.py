"""Closed vocabularies: what a writer may ask for, a painter can paint and a judge can check.

Objects are the studio's catalogue (`models.studio.catalogue`); the other vocabularies are here.
A key is what rows store; painters keep a renderer for each key, and a test holds them together.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class PaintKind(StrEnum):
    """What a painter is asked to do with a masked image."""

    ERASE = "erase"
    """Fill the mask as if nothing had been there."""
    INSERT = "insert"
    """Put the target object where the mask is."""
    RECOLOUR = "recolour"
    """Give the masked object the target's colour or material; its geometry stays."""
    BACKDROP = "backdrop"
    """Put the target's scenery inside the mask, which holds all but the subject."""
    STYLISE = "stylise"
    """Render the whole image in the target's style or tone."""
    ISOLATE = "isolate"
    """Show the masked object alone on clean white."""
    FRAME = "frame"
    """Use the later frame of the clip; nothing is painted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What will be there afterwards."""

    key: str
    """The vocabulary's key, or "" for an erased object."""
    phrase: str
    """The noun phrase: "a red bicycle"."""
    look: str = ""
    """An appearance that it has besides (a key of `APPEARANCES`): a *wooden*
    bicycle. Empty for its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A colour or a material that an object can be given."""

    key: str
    adjective: str
    """Goes before the noun: "red", "wooden"."""
    kind: Literal["colour", "material"]
    rgb: tuple[int, int, int]
    """The colour, or the material's mean colour, sRGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A style of a whole image, or a scenery behind a subject."""

    key: str
    phrase: str
    """Noun phrase that fits "in the style of …" (styles) or "… in the background" (backdrops)."""


def _colour(key: str, rgb: tuple[int, int, int]) -> Appearance:
    return Appearance(key=key, adjective=key, kind="colour", rgb=rgb)


def _material(key: str, adjective: str, rgb: tuple[int, int, int]) -> Appearance:
    return Appearance(key=key, adjective=adjective, kind="material", rgb=rgb)


APPEARANCES: dict[str, Appearance] = {
    a.key: a
    for a in (
        _colour("red", (205, 40, 45)),
        _colour("orange", (235, 130, 35)),
        _colour("yellow", (240, 205, 50)),
        _colour("green", (55, 150, 75)),
        _colour("teal", (25, 150, 155)),
        _colour("blue", (45, 95, 200)),
        _colour("purple", (125, 65, 170)),
        _colour("pink", (235, 120, 170)),
        _material("wood", "wooden", (156, 104, 60)),
        _material("marble", "marble", (222, 220, 216)),
        _material("gold", "golden", (212, 168, 60)),
        _material("stone", "stone", (128, 124, 118)),
    )
}

STYLES: dict[str, Look] = {
    s.key: s
    for s in (
        Look(key="watercolour", phrase="a watercolour painting"),
        Look(key="oil", phrase="an oil painting with visible brush strokes"),
        Look(key="pencil", phrase="a graphite pencil sketch"),
        Look(key="ink", phrase="a black-and-white ink drawing"),
        Look(key="cartoon", phrase="a cartoon with bold outlines"),
        Look(key="popart", phrase="a pop-art halftone print"),
        Look(key="mosaic", phrase="a tiled mosaic"),
        Look(key="pixel", phrase="pixel art"),
        Look(key="sepia", phrase="a faded sepia photograph"),
        Look(key="night", phrase="a moonlit night scene"),
        Look(key="golden_hour", phrase="a warm golden-hour scene"),
        Look(key="noir", phrase="a high-contrast black-and-white film still"),
    )
}

BACKDROPS: dict[str, Look] = {
    b.key: b
    for b in (
        Look(key="sunset_beach", phrase="a beach at sunset"),
        Look(key="snowy_mountains", phrase="snowy mountains under a clear sky"),
        Look(key="night_city", phrase="a city skyline at night"),
        Look(key="forest", phrase="a misty pine forest"),
        Look(key="desert", phrase="desert dunes"),
        Look(key="starry_sky", phrase="a starry night sky"),
        Look(key="underwater", phrase="a sunlit underwater scene"),
        Look(key="meadow", phrase="a green meadow with rolling hills"),
        Look(key="studio_grey", phrase="a plain grey studio backdrop"),
        Look(key="brick_wall", phrase="an old brick wall"),
    )
}
