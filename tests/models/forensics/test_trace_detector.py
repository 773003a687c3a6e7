"""The embedded detector of edits on scenes that it was not trained on."""

import numpy as np
import pytest

from models.faults import Fault
from models.forensics.embedded import TraceDetector
from models.geometry import Rgb
from models.paint.classical import STYLES
from models.studio.scene import make_scene, render


@pytest.fixture(scope="module")
def scenes() -> list[Rgb]:
    return [render(make_scene(5_000_000_000 + number)) for number in range(4)]


@pytest.fixture
def detector() -> TraceDetector:
    made = TraceDetector()
    made.setup()
    return made


def test_painted_scenes_are_told_from_untouched_ones(
    detector: TraceDetector, scenes: list[Rgb]
) -> None:
    untouched = detector.detect(scenes)
    chance = np.random.default_rng(0)
    painted = detector.detect([STYLES["oil"](scene, chance) for scene in scenes])
    assert sum(isinstance(p, float) and p < 0.5 for p in untouched) >= 3
    assert sum(isinstance(p, float) and p >= 0.5 for p in painted) >= 3


def test_a_tiny_picture_is_a_fault_and_a_flat_one_has_an_answer(detector: TraceDetector) -> None:
    tiny, flat = detector.detect(
        [np.zeros((63, 200, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)]
    )
    assert isinstance(tiny, Fault)
    assert isinstance(flat, float)
    assert 0 <= flat <= 1
