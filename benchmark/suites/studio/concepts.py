"""What the studio suites show: six super-classes of ten concepts, and what is hard to see."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from models.studio.catalogue import CatalogueObject, named


@cache
def _tables() -> dict[str, Any]:
    text = files("benchmark.suites.studio").joinpath("concepts.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _described() -> Mapping[str, CatalogueObject]:
    return {
        row["name"]: CatalogueObject(**{**row, "where": tuple(row["where"])})
        for row in _tables()["described"]
    }


def concept(name: str) -> CatalogueObject:
    """The object of that name: of the suites' own, or of the studio's catalogue."""
    return _described().get(name) or named(name)


@cache
def super_classes() -> Mapping[str, tuple[CatalogueObject, ...]]:
    """Ten concepts for each super-class, in the order of the paper."""
    return {key: tuple(map(concept, names)) for key, names in _tables()["classes"].items()}


def concepts() -> tuple[CatalogueObject, ...]:
    """All sixty; neighbours are of different super-classes."""
    return tuple(thing for row in zip(*super_classes().values(), strict=True) for thing in row)


def camouflaged() -> tuple[tuple[str, CatalogueObject], ...]:
    """Settings, each with an object of nearly its own colours."""
    return tuple((setting, named(name)) for setting, name in _tables()["camouflage"]["pairs"])


def rare() -> tuple[CatalogueObject, ...]:
    """Objects that collections of photographs seldom show."""
    return tuple(map(named, _tables()["rare"]["names"]))
