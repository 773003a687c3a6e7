"""Contact sheets stay small enough for the event log."""

import io

import numpy as np
import pytest
from PIL import Image

from imgedit_assets.sheets import MAX_SHEET_BYTES, contact_sheet
from imgedit_assets.stages.base import Picture


def busy(seed: int) -> np.ndarray:
    """A picture with as much detail as a photograph of a crowd."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (36, 48, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((1280, 960), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("images", [1, 2, 3])
@pytest.mark.parametrize("pictures", [1, 5, 8])
def test_a_sheet_fits_the_event_log(images: int, pictures: int) -> None:
    text = "Replace the small red car in the lower left corner with a large blue hot-air balloon."
    sheet = contact_sheet(
        [
            Picture(images=tuple(busy(10 * p + i) for i in range(images)), text=text)
            for p in range(pictures)
        ]
    )
    assert len(sheet) <= MAX_SHEET_BYTES
    with Image.open(io.BytesIO(sheet)) as image:
        assert image.width <= 960


def test_what_the_font_lacks_is_spelled_out() -> None:
    greek, latin = (
        contact_sheet([Picture(images=(busy(1),), text=text)]) for text in ("ΔE 4", "delta E 4")
    )
    assert greek == latin
