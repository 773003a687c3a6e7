import numpy as np
import pytest

from models.paint.membrane import harmonic


@pytest.mark.parametrize("size", [40, 97, 200])
def test_a_plane_is_continued_exactly(size: int) -> None:
    rows, cols = np.mgrid[:size, :size].astype(np.float32)
    plane = np.dstack([rows * 0.5 + cols * 0.2, cols, rows]).astype(np.float32)
    hole = (rows - size / 2) ** 2 + (cols - size / 2) ** 2 < (0.4 * size) ** 2
    filled = harmonic(np.where(hole[..., None], np.float32(0), plane), hole)
    assert np.abs(filled - plane)[hole].max() < 0.05 * size
    assert np.array_equal(filled[~hole], plane[~hole])
