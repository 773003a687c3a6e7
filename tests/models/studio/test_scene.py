from itertools import combinations

import imagehash
import numpy as np
import pytest
from PIL import Image

from models.annotation import Annotation
from models.geometry import Bitmap, Box
from models.studio.catalogue import names
from models.studio.scene import Scene, annotation, make_scene, render, visible_masks
from models.studio.settings import SETTINGS

SCENES = [make_scene(index) for index in range(16)]


@pytest.fixture(scope="module")
def masks() -> list[tuple[Bitmap, ...]]:
    return [visible_masks(scene) for scene in SCENES]


def test_a_number_names_one_scene() -> None:
    assert make_scene(7) == make_scene(7)
    assert len({scene.background.seed for scene in SCENES}) == len(SCENES)


def test_rendering_gives_the_same_bytes() -> None:
    first = render(SCENES[3])
    assert first.flags.writeable
    first[:] = 0
    assert render(SCENES[3]).tobytes() == render(make_scene(3)).tobytes()


def test_scenes_are_large_and_of_several_shapes() -> None:
    assert all(min(s.width, s.height) >= 1280 for s in SCENES)
    assert len({(s.width, s.height) for s in SCENES}) >= 4
    assert render(SCENES[0]).shape == (SCENES[0].height, SCENES[0].width, 3)


def test_every_setting_takes_its_turn() -> None:
    assert {s.setting.key for s in SCENES} == set(SETTINGS)


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: str(s.index))
def test_objects_differ_and_lie_inside(scene: Scene) -> None:
    assert 4 <= len(scene.objects) <= 7
    assert len({thing.name for thing in scene.objects}) == len(scene.objects)
    for thing in scene.objects:
        assert thing.name in names()
        assert thing.box == thing.box.clipped(scene.width, scene.height)


def test_one_object_is_large_and_none_is_lost(masks: list[tuple[Bitmap, ...]]) -> None:
    for scene_masks in masks:
        shares = [mask.mean() for mask in scene_masks]
        assert max(shares) >= 0.08
        assert max(shares) <= 0.25
        assert min(shares) >= 0.015


def test_most_scenes_allow_hybrid_edits(masks: list[tuple[Bitmap, ...]]) -> None:
    boxes = [[Box.around(mask) for mask in scene_masks] for scene_masks in masks]
    far = [any(a.gap_px(b) > 100 for a, b in combinations(b, 2)) for b in boxes]
    assert np.mean(far) >= 0.9


def test_masks_do_not_overlap(masks: list[tuple[Bitmap, ...]]) -> None:
    for scene_masks in masks:
        assert np.sum(scene_masks, axis=0).max() == 1


def test_masks_are_where_the_object_is_drawn() -> None:
    scene = SCENES[0]
    top = scene.objects[-1]
    without = Scene(
        index=0,
        width=scene.width,
        height=scene.height,
        background=scene.background,
        objects=scene.objects[:-1],
    )
    changed = (render(scene) != render(without)).any(axis=2)
    mask = visible_masks(scene)[-1]
    assert changed[mask].mean() > 0.97
    outside = changed & ~mask
    assert outside.sum() < 0.2 * mask.sum()
    assert not np.delete(changed, np.s_[top.box.y0 - 2 : top.box.y1 + 40], axis=0).any()


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: str(s.index))
def test_captions_name_everything_that_is_listed(scene: Scene) -> None:
    told = annotation(scene)
    assert [o.name for o in told.objects] == [o.name for o in scene.objects]
    for noun in (*told.background_nouns, *(o.name for o in told.objects)):
        assert noun in told.caption
    assert told.caption.endswith(".")
    assert " a a" not in told.caption
    assert " an b" not in told.caption
    assert Annotation.from_json(told.to_json()) == told


def test_boxes_are_tight(masks: list[tuple[Bitmap, ...]]) -> None:
    for scene, scene_masks in zip(SCENES[:6], masks[:6], strict=True):
        for told, mask in zip(annotation(scene).objects, scene_masks, strict=True):
            box = Box.around(mask)
            assert told.box == (box.x0, box.y0, box.x1, box.y1)


def test_no_two_scenes_are_near_duplicates() -> None:
    hashes = [imagehash.phash(Image.fromarray(render(scene))) for scene in SCENES]
    assert min(a - b for a, b in combinations(hashes, 2)) > 8
