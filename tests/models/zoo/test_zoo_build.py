"""Where checkpoints are written: beside their place first, and over nothing."""

from pathlib import Path

import pytest

from models.faults import ImgEditError
from models.zoo import build


def test_a_folder_that_came_meanwhile_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(folder: Path) -> None:
        (folder / "weights").touch()
        (tmp_path / "tiny").mkdir()
        (tmp_path / "tiny" / "mine.txt").write_text("mine")

    monkeypatch.setattr(build, "builders", lambda: {"tiny": slow})
    with pytest.raises(ImgEditError, match="move what is there"):
        dict(build.build_zoo(tmp_path))
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")] == [
        "tiny",
        "tiny/mine.txt",
    ]
