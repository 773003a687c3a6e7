import numpy as np
import pytest

from models.paint import membrane
from models.paint.membrane import Field, harmonic

every_size = pytest.mark.parametrize("size", [40, 97, 200])


def furthest_off(size: int) -> float:
    """How far a plane over a disc is off at worst, once it was cut out and filled in again.

    A plane is harmonic, so the smoothest surface that meets its border is the plane itself.
    """
    rows, cols = np.mgrid[:size, :size].astype(np.float32)
    plane: Field = np.dstack([rows * 0.5 + cols * 0.2, cols, rows]).astype(np.float32)
    hole = (rows - size / 2) ** 2 + (cols - size / 2) ** 2 < (0.4 * size) ** 2
    filled = harmonic(np.where(hole[..., None], np.float32(0), plane), hole)
    assert np.array_equal(filled[~hole], plane[~hole])
    return float(np.abs(filled - plane)[hole].max())


@every_size
def test_the_cycles_that_painters_use_come_within_a_fiftieth_of_the_range(size: int) -> None:
    # Each leaves a tenth of the error or so, and it begins at the whole range: two leave 1 to 2 %.
    assert furthest_off(size) < 0.02 * size


@every_size
def test_more_cycles_continue_a_plane_to_the_last_bits(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membrane, "CYCLES", 12)

    # Float32 numbers around 200 are 1.5e-5 apart.
    assert furthest_off(size) < 16 * np.spacing(np.float32(size))
