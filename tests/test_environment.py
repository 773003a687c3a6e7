"""The pinned packages satisfy each other and what the project declares, as `pip check` sees it."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
BASE = ("requirements.txt",)
EDITOR = (*BASE, "requirements-editor.txt")
CLUSTER = "requirements-cluster.txt"
EVERYTHING = (*EDITOR, CLUSTER, "requirements-models.txt", "requirements-ultralytics.txt")

OVERRULED = {"ultralytics asks for opencv-python"}
"""What is installed without all that it asks for; requirements-ultralytics.txt tells why."""
PRE_RELEASES = {"hydra-core"}
"""Where no release serves; pyproject.toml tells why."""


def pins(*lists: str) -> dict[str, Version]:
    """The version of every package on some lists."""
    lines = [line for name in lists for line in (ROOT / name).read_text("utf-8").splitlines()]
    split = [line.split("==") for line in lines if line and line[0] not in "#-"]
    return {canonical_name(name): Version(version) for name, version in split}


def declared(*extras: str) -> list[Requirement]:
    """What the project asks for itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][e] for e in extras)]
    return [Requirement(line) for group in groups for line in group]


def asked_by(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed package asks for here, with some of its extras."""
    for line in distribution(name).requires or []:
        asked = Requirement(line)
        if not asked.marker or any(asked.marker.evaluate({"extra": e}) for e in {"", *extras}):
            yield asked


def unmet(pinned: dict[str, Version], wanted: list[Requirement]) -> set[str]:
    """What the project or a pinned package asks for and is not pinned, or not in that version."""
    to_see = [("the project", asked) for asked in wanted]
    to_see += [(name, asked) for name in pinned for asked in asked_by(name, frozenset())]
    seen, found = set[tuple[str, frozenset[str]]](), set[str]()
    while to_see:
        by, asked = to_see.pop()
        name, extras = canonical_name(asked.name), frozenset(asked.extras)
        if name not in pinned or not asked.specifier.contains(pinned[name], prereleases=True):
            found.add(f"{by} asks for {asked.name}{asked.specifier if name in pinned else ''}")
        elif extras and (name, extras) not in seen:
            seen.add((name, extras))
            to_see += [(name, further) for further in asked_by(name, extras)]
    return found


def absent(pinned: dict[str, Version]) -> set[str]:
    """The pinned packages that are not installed."""
    missing = set()
    for name in pinned:
        try:
            distribution(name)
        except PackageNotFoundError:
            missing.add(name)
    return missing


def test_the_default_installation_is_complete_and_agrees() -> None:
    pinned = pins(*BASE)
    assert not absent(pinned), "run make install"
    assert not unmet(pinned, declared("dev"))


def test_what_trains_editors_is_complete_and_agrees() -> None:
    pinned = pins(*EDITOR)
    if absent(pinned):
        pytest.skip("what trains editors is not installed: make install-editor")
    assert not unmet(pinned, declared("dev", "editor"))


def test_the_production_models_agree_with_it() -> None:
    pinned = pins(*EVERYTHING)
    missing = absent(pinned)
    if missing == pinned.keys() - pins(*BASE).keys():
        pytest.skip("no production model's package is installed: make install-models")
    assert not missing, "run make install-models"
    assert (
        unmet(pinned, declared("dev", "models", "ultralytics", "cluster", "cluster-test"))
        == OVERRULED
    )


def test_releases_are_pinned_where_they_serve() -> None:
    pinned = pins(*EVERYTHING)
    assert {name for name, version in pinned.items() if version.is_prerelease} == PRE_RELEASES


def test_one_package_brings_opencv() -> None:
    assert [name for name in pins(*EVERYTHING) if name.startswith("opencv")] == [
        "opencv-contrib-python-headless"
    ]
