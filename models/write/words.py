"""The word lists of the grammar writer (`words.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast


@cache
def _lists() -> Mapping[str, object]:
    return tomllib.loads(files("models.write").joinpath("words.toml").read_text("utf-8"))


def pictures(*, drawn: bool) -> list[str]:
    """What an image may be called."""
    return cast(list[str], _lists()["drawn_pictures" if drawn else "pictures"])


def sizes(grade: str) -> list[str]:
    """Words for a grade of size: tiny, small, medium, large or huge."""
    return cast(dict[str, list[str]], _lists()["sizes"])[grade]


def places(region: str) -> list[str]:
    """Phrases for a region of the canvas: "upper left corner", "left", "centre"."""
    return cast(dict[str, list[str]], _lists()["places"])[region]


@cache
def nouns(group: str) -> frozenset[str]:
    """A group of words: pairs, plurals, singulars, mass, male, female, people, sized and others."""
    return frozenset(cast(dict[str, list[str]], _lists()["nouns"])[group])


def verbs() -> dict[str, str]:
    """Verbs by their -ing form, where no rule leads from one to the other."""
    return cast(dict[str, str], _lists()["verbs"])


def usual_colours(noun: str) -> set[str]:
    """The colours or materials that things of this name mostly have already."""
    colours = cast(dict[str, list[str]], _lists()["colours"])
    return {key for key, things in colours.items() if noun in things}


def kind_of(noun: str) -> str:
    """The catalogue's category for a noun that it lacks; "" where that is unknown."""
    kinds = cast(dict[str, list[str]], _lists()["kinds"])
    return next((kind for kind, things in kinds.items() if noun in things), "")


@cache
def proper_words() -> Mapping[str, str]:
    """Words with capitals, by their lower case."""
    return {word.lower(): word for word in cast(list[str], _lists()["proper"])}
