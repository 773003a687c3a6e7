import cv2
import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_sample_image

from models.aesthetics.statistics import StatisticsScorer
from models.faults import Fault, Reason
from models.geometry import Rgb

BAR = 4.75
"""The paper's threshold."""


def score(image: Rgb) -> float:
    answer = StatisticsScorer().score([image])[0]
    assert isinstance(answer, float)
    return answer


def plain(*colour: int) -> Rgb:
    return np.full((1280, 1280, 3), colour, np.uint8)


def noise(deviation: float) -> Rgb:
    grain = np.random.default_rng(0).normal(128, deviation, (1280, 1280, 3))
    return np.clip(grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photographs_pass_the_bar(name: str) -> None:
    assert BAR < score(getattr(data, name)()) <= 10


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_landscapes_pass_the_bar(name: str) -> None:
    assert BAR < score(load_sample_image(name)) <= 10


@pytest.mark.parametrize(
    "image",
    [plain(200, 200, 200), plain(220, 10, 10), plain(0, 0, 0), noise(2), noise(60), noise(300)],
    ids=["grey", "red", "black", "faint-noise", "noise", "hard-noise"],
)
def test_blank_and_noisy_images_score_low(image: Rgb) -> None:
    assert 1 <= score(image) < 4


def test_spoiling_a_photograph_lowers_its_score() -> None:
    good = data.chelsea()
    dark = (good * 0.1).astype(np.uint8)
    assert score(cv2.GaussianBlur(good, (0, 0), 15)) < score(good) - 0.5
    assert score(dark) < score(good) - 2


def test_score_hardly_depends_on_resolution() -> None:
    small = data.astronaut()
    large = cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    assert score(large) == pytest.approx(score(small), abs=0.3)


def test_bad_row_is_a_fault_in_its_place() -> None:
    answers = StatisticsScorer().score([data.coffee(), np.zeros((1, 1, 3), np.uint8)])
    assert isinstance(answers[0], float)
    assert isinstance(answers[1], Fault)
    assert answers[1].reason is Reason.TOO_SMALL


def test_weights_count_relative_to_each_other() -> None:
    image = data.coffee()
    double = StatisticsScorer(
        colourfulness=0.4, sharpness=0.5, contrast=0.4, exposure=0.5, saturation=0.2
    )
    assert double.score([image])[0] == pytest.approx(score(image))
