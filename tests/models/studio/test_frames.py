import numpy as np
import pytest

from models.studio.frames import ACTIONS, make_clip
from models.studio.scene import annotation, render
from models.studio.scene_object import silhouette


@pytest.mark.parametrize("index", range(12))
def test_only_the_person_changes(index: int) -> None:
    clip = make_clip(index)
    assert len(clip) in {3, 4}
    assert [scene.frame for scene in clip] == list(range(len(clip)))
    first = clip[0]
    for scene in clip:
        assert scene.background == first.background
        assert scene.objects[:-1] == first.objects[:-1]
        person = scene.objects[-1]
        assert person.name in {"woman", "man"}
        assert (person.name, person.wear) == (first.objects[-1].name, first.objects[-1].wear)
        assert person.box == person.box.clipped(scene.width, scene.height)
        assert person.codepoint.split("-")[1] == first.objects[-1].codepoint.split("-")[1]
    assert len({scene.objects[-1].action for scene in clip}) == len(clip)


def test_the_annotation_says_what_the_person_does() -> None:
    for scene in make_clip(1):
        told = annotation(scene)
        assert told.action in ACTIONS
        assert told.action in told.caption


def test_pixels_change_only_around_the_person() -> None:
    before, after = make_clip(2)[:2]
    changed = (render(before) != render(after)).any(axis=2)
    people = [silhouette(s.objects[-1], s.width, s.height) for s in (before, after)]
    reach = before.objects[-1].box.union(after.objects[-1].box)
    reach = reach.grown(24, width=before.width, height=before.height)
    assert changed[np.logical_xor(*people)].mean() > 0.9
    changed[reach.slices] = False
    assert not changed.any()


def test_a_number_names_one_clip() -> None:
    assert make_clip(5) == make_clip(5)
    assert make_clip(5) != make_clip(15)
