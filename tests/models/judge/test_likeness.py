"""Telling one named object from another by its pixels."""

import numpy as np
import pytest

from models.geometry import Bitmap
from models.judge.likeness import looks_like
from models.judge.view import Plane, to_lab
from models.studio.catalogue import names, sprite


def pasted(name: str, *, flip: bool = False) -> tuple[Plane, Bitmap]:
    """The object at 240 px on a plain ground, and where it is."""
    rgba = sprite(name, 240)
    rgba = rgba[:, ::-1] if flip else rgba
    opacity = rgba[..., 3:] / 255
    image = rgba[..., :3] * opacity + 170 * (1 - opacity)
    return to_lab(image.astype(np.uint8)), rgba[..., 3] > 127


@pytest.mark.parametrize("name", names()[::19])
@pytest.mark.parametrize("flip", [False, True])
def test_every_object_looks_like_itself_either_way_round(name: str, flip: bool) -> None:
    found = looks_like(*pasted(name, flip=flip), name)
    assert [f.score >= 4.5 for f in found] == [True, True]


def test_objects_rarely_pass_for_others() -> None:
    shown = names()[::19]
    scores = [
        min(f.score for f in looks_like(*pasted(one), other))
        for one in shown
        for other in shown
        if one != other
    ]
    assert np.mean(np.array(scores) >= 4) < 0.1


def test_what_cannot_be_compared_is_not_guessed() -> None:
    lab, region = pasted("banana")
    rng = np.random.default_rng(0)
    grainy = lab + rng.normal(0, 8, lab.shape).astype(np.float32)
    assert looks_like(lab, region, "no such object") == ()
    assert looks_like(lab, np.zeros_like(region), "banana") == ()
    assert looks_like(grainy, region, "banana") == ()
