"""Writing a picture to a file of the user's: what is there stays until it can be replaced."""

from pathlib import Path

import numpy as np
import pytest

from imgedit_assets.cli.pictures import check_target, save
from models.faults import ImgEditError

SMALL = np.zeros((2, 3, 3), np.uint8)


def test_a_picture_that_the_format_cannot_hold_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "picture.webp"
    path.write_text("mine")
    with pytest.raises(ImgEditError, match="WEBP cannot hold 17000 x 1 px"):
        save(np.zeros((1, 17_000, 3), np.uint8), path, force=True)
    assert path.read_text() == "mine"


def test_a_file_that_came_since_the_check_stays(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    check_target(path, force=False)
    path.write_text("mine")
    with pytest.raises(ImgEditError, match="--force"):
        save(SMALL, path, force=False)
    assert path.read_text() == "mine"


def test_a_link_to_nothing_is_not_written_through(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "picture.png", tmp_path / "elsewhere"
    path.symlink_to(elsewhere)
    with pytest.raises(ImgEditError, match="--force"):
        save(SMALL, path, force=False)
    assert not elsewhere.exists()
