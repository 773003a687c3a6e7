"""Writing a picture to a file of the user's."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgedit_assets.cli.pictures import LONGEST_PX, save
from models.faults import ImgEditError


@pytest.mark.parametrize(("suffix", "longest"), [(".webp", "WEBP"), (".jpg", "JPEG")])
def test_a_side_that_a_format_cannot_hold_is_told(
    tmp_path: Path, suffix: str, longest: str
) -> None:
    side = LONGEST_PX[longest]
    strip = np.zeros((1, side + 1, 3), np.uint8)
    path = tmp_path / f"strip{suffix}"
    with pytest.raises(ImgEditError, match=rf"{side + 1} x 1 px; {longest} ends at {side} px"):
        save(strip, path)
    assert not path.exists()
    save(strip[:, :side], path)
    save(strip, tmp_path / "strip.png")
    with Image.open(path) as image, Image.open(tmp_path / "strip.png") as whole:
        assert (image.width, whole.width) == (side, side + 1)
