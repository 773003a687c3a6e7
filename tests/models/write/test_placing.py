import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.geometry import Box
from models.write.placing import place_phrase, region, size_word

SIDE = 1000


def around(x: int, y: int, half: int = 50) -> Box:
    return Box(x - half, y - half, x + half, y + half)


@pytest.mark.parametrize(
    ("box", "named"),
    [
        (around(100, 100), "upper left corner"),
        (around(900, 880), "lower right corner"),
        (around(300, 300), "upper left"),
        (around(100, 300), "upper left"),
        (around(700, 900), "lower right"),
        (around(100, 500), "left"),
        (around(500, 900), "lower"),
        (around(500, 500), "centre"),
        (Box(0, 0, SIDE, SIDE), "centre"),
    ],
)
def test_regions(box: Box, named: str) -> None:
    assert region(box, width=SIDE, height=SIDE) == named


coordinates = st.integers(0, SIDE - 1)


@given(coordinates, coordinates, st.integers(0, 2**32))
def test_mirrored_boxes_have_mirrored_places(x: int, y: int, seed: int) -> None:
    here = place_phrase(around(x, y), width=SIDE, height=SIDE, rng=np.random.default_rng(seed))
    there = place_phrase(
        around(SIDE - x, y), width=SIDE, height=SIDE, rng=np.random.default_rng(seed)
    )
    swapped = here.replace("left", "\0").replace("right", "left").replace("\0", "right")
    assert there == swapped


@pytest.mark.parametrize(
    ("half", "words"),
    [
        (20, {"tiny", "very small"}),
        (80, {"small", "little"}),
        (150, {"", "medium-sized"}),
        (250, {"large", "big"}),
        (450, {"huge", "very large"}),
    ],
)
def test_sizes_are_all_used(half: int, words: set[str]) -> None:
    rng = np.random.default_rng(0)
    box = around(500, 500, half)
    assert {size_word(box, width=SIDE, height=SIDE, rng=rng) for _ in range(60)} == words
