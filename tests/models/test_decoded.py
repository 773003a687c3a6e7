"""Pictures are decoded once, and no more of them are held than was said."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from models.decoded import Decoded

SIDE = 200
HELD = 3
"""How many pictures fit."""


def picture(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_last_pictures_are_held_and_no_more() -> None:
    n_bytes = 3 * SIDE * SIDE
    decoded, pictures = Decoded(max_bytes=HELD * n_bytes), [picture(i) for i in range(40)]
    decoded.pixels(pictures[0])
    tracemalloc.start()
    for data in pictures:
        last = decoded.pixels(data)
    assert tracemalloc.get_traced_memory()[0] < (HELD + 2) * n_bytes
    tracemalloc.stop()
    assert decoded.pixels(bytes(bytearray(pictures[-1]))) is last
    assert decoded.pixels(pictures[0])[0, 0].tolist() == [0, 0, 0]
    assert decoded.pixels(pictures[-1]) is last


def test_a_picture_larger_than_all_is_decoded_and_not_held() -> None:
    decoded = Decoded(max_bytes=10)
    first, again = decoded.pixels(picture(7)), decoded.pixels(picture(7))
    assert first is not again
    np.testing.assert_array_equal(first, again)
    with pytest.raises(ValueError, match="read-only"):
        first[:] = 0
