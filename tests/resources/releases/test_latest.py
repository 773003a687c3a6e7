"""The link to the last release: replaced where it is ours, made where no link can be."""

import os
from pathlib import Path

import pytest

from models.faults import ImgEditError
from resources.releases.latest import point_nowhere, point_to

FIRST, SECOND = "pairs-0123456789ab", "pairs-ba9876543210"


@pytest.fixture
def link(tmp_path: Path) -> Path:
    for name in (FIRST, SECOND):
        (tmp_path / name).mkdir()
    return tmp_path / "latest"


def test_it_moves_from_one_to_the_next_and_goes(link: Path) -> None:
    for name in (FIRST, SECOND):
        point_to(link, link.with_name(name))
        assert link.resolve().name == name
    point_nowhere(link)
    point_nowhere(link)
    assert {p.name for p in link.parent.iterdir()} == {FIRST, SECOND}


def test_where_links_are_refused_a_file_names_it(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    # Stands for a file system without links, as some network mounts are.
    monkeypatch.setattr(os, "symlink", refused)
    for name in (FIRST, SECOND):
        point_to(link, link.with_name(name))
        assert link.read_text() == f"{name}\n"
    point_nowhere(link)
    assert {p.name for p in link.parent.iterdir()} == {FIRST, SECOND}


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_the_user_put_there_is_left_alone(link: Path, kind: str) -> None:
    if kind == "folder":
        link.mkdir()
        (link / "thesis.tex").write_text("years of work")
    elif kind == "file":
        link.write_text("my notes on the latest release")
    else:
        link.symlink_to("/etc")
    point_nowhere(link)
    with pytest.raises(ImgEditError, match="left alone"):
        point_to(link, link.with_name(FIRST))
    assert {p.name for p in link.parent.iterdir()} == {FIRST, SECOND, "latest"}
    assert kind != "folder" or (link / "thesis.tex").read_text() == "years of work"
    assert kind != "file" or link.read_text() == "my notes on the latest release"
    assert kind != "link" or str(link.readlink()) == "/etc"
