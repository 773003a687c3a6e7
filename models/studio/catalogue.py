"""The named objects that studio scenes are composed of."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from models.faults import ImgEditError
from models.studio import sprites


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueObject:
    """A named glyph, with what is needed to put it into a scene where it makes sense."""

    name: str
    """A noun, lower case, without an article: "red apple"."""
    codepoint: str
    category: str
    """"person", "animal", "transport", "building", "nature", "food" or "household"."""
    size: int
    """From 1, held in a hand, to 4, a building; on a table, from 1 (an egg) to 4 (a cake)."""
    where: tuple[str, ...]
    """The grounds it may stand on."""
    wear: str = ""
    """Colour of a person's clothes."""


@cache
def catalogue() -> tuple[CatalogueObject, ...]:
    """Every object, in the order of catalogue.toml."""
    text = files("models.studio").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(
        CatalogueObject(
            name=name,
            codepoint=codepoint,
            category=group["category"],
            size=size,
            where=tuple(group["where"]),
            wear=group.get("wear", ""),
        )
        for group in tomllib.loads(text)["group"]
        for name, codepoint, size in group["objects"]
    )


@cache
def _by_name() -> dict[str, CatalogueObject]:
    return {thing.name: thing for thing in catalogue()}


def names() -> tuple[str, ...]:
    """The names of the objects, in the order of the catalogue."""
    return tuple(_by_name())


def named(name: str) -> CatalogueObject:
    """The object of that name.

    Raises:
        ImgEditError: if the catalogue has none.
    """
    try:
        return _by_name()[name]
    except KeyError:
        message = f"the studio's catalogue has no {name!r}; models.studio.catalogue.names lists it"
        raise ImgEditError(message) from None


def sprite(name: str, height_px: int) -> NDArray[np.uint8]:
    """The object's pixels: RGBA, straight alpha, tight crop, `height_px` rows; read-only."""
    thing = named(name)
    return sprites.glyph(thing.codepoint, height_px, thing.wear)
