"""A small answer laid over a large source."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.e1.overlay import laid_over
from models.geometry import Rgb

HEIGHT, WIDTH = 300, 400


@pytest.fixture
def source() -> Rgb:
    """A grey disc with a dark rim before a grainy field."""
    grain = np.random.default_rng(0).integers(-3, 4, (HEIGHT, WIDTH, 1))
    image = np.clip(np.full((HEIGHT, WIDTH, 3), (90, 160, 90)) + grain, 0, 255).astype(np.uint8)
    image[_disc(64)] = 10
    image[_disc(58)] = 150
    return image


def _disc(radius: int) -> NDArray[np.bool_]:
    rows, cols = np.ogrid[:HEIGHT, :WIDTH]
    return np.asarray((rows - 150) ** 2 + (cols - 200) ** 2 < radius**2)


def _planes(*, gate: float = 0.0, tint: float = 0.0, colour: float = 0.0) -> NDArray[np.float32]:
    """An answer of 24 x 24 that is of these numbers about where the disc is."""
    rows, cols = np.ogrid[:24, :24]
    inside = ((rows + 0.5 - 12) * 12.5) ** 2 + ((cols + 0.5 - 12) * 16.7) ** 2 < 64**2
    values = (gate, *3 * (tint,), *3 * (colour,))
    return np.where(inside[..., None], np.float32(values), np.float32(0))


def test_nothing_changes_under_a_shut_gate(source: Rgb) -> None:
    assert np.array_equal(laid_over(source, _planes(gate=0.2, colour=1.0)), source)


def test_far_from_the_edit_every_pixel_stays_as_it_is(source: Rgb) -> None:
    result = laid_over(source, _planes(gate=1.0, colour=1.0))
    assert np.array_equal(result[~_disc(100)], source[~_disc(100)])
    assert result[_disc(50)].min() > 230


def test_the_gate_follows_the_edges_of_the_source(source: Rgb) -> None:
    def overlap(image: Rgb) -> float:
        changed = (laid_over(image, _planes(gate=1.0, colour=1.0)) != image).any(axis=2)
        return float((changed & _disc(64)).sum() / (changed | _disc(64)).sum())

    assert overlap(source) > overlap(np.full_like(source, 120)) + 0.02


def test_a_tint_keeps_the_light_and_shade_of_the_source(source: Rgb) -> None:
    half = source.copy()
    half[:, :200][_disc(58)[:, :200]] = 75
    result = laid_over(half, _planes(gate=1.0, tint=0.5, colour=-1.0)).astype(int)
    left, right = result[150, 160:190].mean(), result[150, 210:240].mean()
    assert right == pytest.approx(2 * left, rel=0.15)
