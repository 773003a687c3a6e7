"""Statistics that no judge sees, of pictures whose answers are known."""

import numpy as np

from models.image_statistics import image_statistics


def test_dark_edges_and_colour_are_told_apart_at_any_size() -> None:
    half = np.full((400, 800, 3), 255, np.uint8)
    half[:, :400] = 0
    for image in (half, np.ascontiguousarray(half[::4, ::4])):
        found = image_statistics(image)
        assert abs(found.dark_frac - 0.5) < 0.01
        assert 0 < found.edge_frac < 0.05
        assert found.saturation == 0
    red = np.zeros_like(half)
    red[..., 0] = 200
    found = image_statistics(red)
    assert (found.dark_frac, found.edge_frac, found.saturation) == (0, 0, 1)
