import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark.cases import BenchCase, pixels
from benchmark.suites import studio
from benchmark.suites.studio.basic import ALONE, COUNTS
from benchmark.suites.studio.concepts import concepts, super_classes
from benchmark.suites.studio.soundness import LEAST_FRAC, sound
from benchmark.suites.studio.versions import changed_mask, version_of
from models.faults import ImgEditError
from models.geometry import Bitmap
from models.studio.scene import Scene, render, visible_masks
from models.studio.scene_object import silhouette
from models.write.english import head
from tests.benchmark.studio_suites import case_of, suite


@cache
def _seen(scene: Scene) -> tuple[Bitmap, ...]:
    return visible_masks(scene)


def _tasks(name: str) -> Counter[str]:
    return Counter(case.task for case in suite(name).cases())


def _scene(case: BenchCase) -> Scene:
    assert case.truth is not None
    return case.truth.scene


def test_the_suites_have_as_many_cases_as_the_papers() -> None:
    assert sum(COUNTS.values()) == 734
    assert _tasks("studio-basic") == COUNTS
    assert tuple(COUNTS) == suite("studio-basic").tasks
    assert _tasks("studio-uge") == {"uge": 47}
    assert set(_tasks("studio-multiturn").values()) == {10}
    assert sum(len(case.turns) for case in suite("studio-multiturn").cases()) == 88


@pytest.mark.parametrize("name", studio.NAMES)
def test_cases_are_the_same_each_time(name: str, tmp_path: Path) -> None:
    again = studio.load(name, tmp_path).cases()
    told = [(c.id, c.cluster, c.turns, c.groups, c.truth) for c in suite(name).cases()]
    assert told == [(c.id, c.cluster, c.turns, c.groups, c.truth) for c in again]
    assert len({case.id for case in again}) == len(again)
    assert not list(tmp_path.iterdir())


def test_an_unknown_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="studio-basic"):
        studio.load("studio", tmp_path)


def test_cases_and_pixels_are_those_of_the_revision() -> None:
    """Whoever changes one raises `REVISION`, and pins what is new here."""
    told = [
        (c.id, c.cluster, [t.instruction for t in c.turns])
        for name in studio.NAMES
        for c in suite(name).cases()
    ]
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
    shown = [pixels(case_of("studio-basic", task).source) for task in COUNTS]
    tones = [round(float(image.mean()), 1) for image in shown]
    assert (suite("studio-basic").revision, digest, tones) == PINNED


def test_the_sparse_pictures_show_six_classes_of_ten_concepts() -> None:
    assert [len(things) for things in super_classes().values()] == [10] * 6
    alone = [case for case in suite("studio-basic").cases() if case.task in ALONE]
    shown = {thing.name for case in alone for thing in _scene(case).objects}
    assert shown == {thing.name for thing in concepts()}
    assert {len(_scene(case).objects) for case in alone} == {1}


def test_each_picture_of_add_lacks_five_things_and_the_words_say_where() -> None:
    added = [case for case in suite("studio-basic").cases() if case.task == "add"]
    assert set(Counter(case.cluster for case in added).values()) == {5}
    for case in added[::9]:
        mask = changed_mask(case)
        with_it, without = render(_scene(case)), pixels(case.source)
        assert (with_it != without)[mask].any(axis=1).mean() > 0.9
        assert case.turns[0].operations[0].name in case.instruction


@pytest.mark.parametrize("name", studio.NAMES)
def test_what_is_to_be_edited_can_be_seen(name: str) -> None:
    for case in suite(name).cases():
        assert case.truth is not None
        for subject in case.truth.subjects:
            seen = _seen(case.truth.scene)[subject]
            assert seen.mean() > 0.75 * LEAST_FRAC, case.id


def test_local_instructions_name_their_object_and_removals_cut_nothing_out() -> None:
    for case in suite("studio-basic").cases():
        for operation in case.turns[0].operations:
            if case.task not in {"background", "style"}:
                assert head(operation.name) in case.instruction.lower(), case.id
            if operation.edit_type == "remove":
                assert "cut out" not in case.instruction.lower()


def test_a_source_shows_the_version_before_the_first_turn() -> None:
    for name in studio.NAMES:
        case = suite(name).cases()[0]
        assert np.array_equal(pixels(case.source), render(version_of(case, 0).shown))


def test_masks_lie_where_the_pictures_will_differ() -> None:
    case = case_of("studio-basic", "replace")
    assert case.mask is not None
    mask = pixels(case.mask)[..., 0] > 0
    before, after = render(version_of(case, 0).shown), render(version_of(case, 1).shown)
    changed = (before != after).any(axis=2)
    beside = changed & ~cv2.dilate(mask.view(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
    assert mask.shape == changed.shape
    assert changed[mask].mean() > 0.5
    assert beside.mean() < 0.005


def _uge(challenge: str) -> list[BenchCase]:
    return [case for case in suite("studio-uge").cases() if challenge in case.groups]


def test_occluded_objects_are_partly_hidden() -> None:
    for case in _uge("occlusion"):
        scene = _scene(case)
        hidden = scene.objects[-2]
        whole = silhouette(hidden, scene.width, scene.height)
        gone = 1 - _seen(scene)[len(scene.objects) - 2].sum() / whole.sum()
        assert 0.2 <= gone <= 0.45, case.id
        assert head(hidden.name) in case.instruction or "background_change" in str(case.turns)


def test_of_several_alike_there_are_three_from_left_to_right() -> None:
    for case in _uge("instances"):
        objects = _scene(case).objects
        assert len({thing.name for thing in objects}) == 1
        assert [o.box.x0 for o in objects] == sorted(o.box.x0 for o in objects)
        first = case.turns[0].operations[0].edit_type
        assert first == "background_change" or {"left", "right", "leftmost", "rightmost"} & set(
            case.instruction.rstrip(".?").replace(",", "").split()
        )


def test_every_challenge_and_need_is_met() -> None:
    groups = Counter(group for case in suite("studio-uge").cases() for group in case.groups)
    assert {key: groups[key] for key in ("occlusion", "instances", "camouflage", "rare")} == {
        "occlusion": 12,
        "instances": 12,
        "camouflage": 12,
        "rare": 11,
    }
    assert min(groups[key] for key in ("spatial", "several", "compound", "large")) >= 11


def test_an_unsound_case_is_refused() -> None:
    case = case_of("studio-basic", "remove")
    assert case.truth is not None
    scene = case.truth.scene
    from dataclasses import replace

    from models.geometry import Box

    tiny = replace(scene.objects[0], box=Box(10, 10, 30, 30))
    truth = replace(case.truth, scene=replace(scene, objects=(tiny,)))
    with pytest.raises(ImgEditError, match="covers"):
        sound(replace(case, truth=truth))
    twins = (scene.objects[0], replace(scene.objects[0], flip=True))
    truth = replace(case.truth, scene=replace(scene, objects=twins))
    with pytest.raises(ImgEditError, match="could also mean"):
        sound(replace(case, truth=truth))


PINNED = (
    "1",
    "64029708e113332e",
    [141.4, 178.4, 134.2, 111.5, 192.0, 193.6, 148.1, 153.1, 142.4],
)
