import subprocess
import sys
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Onto, Operation, Step
from models.faults import ImgEditError
from models.geometry import Bitmap
from models.paint.classical import ClassicalPainter
from models.painting import Painting, PaintRequest
from models.studio.frames import make_clip
from models.studio.known import NoTruthError, has_truth, types_without_truth
from models.studio.oracle import failure_degree, perfect_images
from models.studio.perfect import Case, Part, Side, frame_case, match, perfect_case
from models.studio.scene import Scene, make_scene, render, visible_masks
from models.studio.spoil import SUITABLE, Flaw, spoil
from models.vocabulary import PaintKind, Target

TYPES = load_edit_types()
KEYS = {
    "replace": "pumpkin",
    "alter": "blue",
}
LOCAL = ("add", "remove", "replace", "alter", "visual_edit", "object_extraction")


def _main(scene: Scene) -> int:
    return int(np.argmax([mask.sum() for mask in visible_masks(scene)]))


def _operation(scene: Scene, edit_type: str, subject: int, at: int = 0) -> Operation:
    key = "slice of watermelon" if edit_type == "replace" else KEYS.get(edit_type, "")
    return Operation(
        edit_type=edit_type,
        subject=at,
        name=scene.objects[subject].name,
        target=Target(key=key, phrase=key),
    )


@cache
def _case(edit_type: str, index: int = 1) -> Case:
    if edit_type == "motion_change":
        clip = make_clip(index)
        target = Target(key="", phrase="")
        operation = Operation(edit_type=edit_type, subject=0, name="person", target=target)
        return frame_case(clip[0], clip[1], operation)
    scene = make_scene(index)
    subject, masks = _main(scene), visible_masks(scene)
    return perfect_case(scene, [_operation(scene, edit_type, subject)], [masks[subject]], TYPES)


def _edited(case: Case) -> tuple[Onto, Side, Part]:
    return next((onto, side, side.parts[0]) for onto, side in case.sides.items() if side.parts)


def _degree(case: Case, flaw: Flaw, degree: float) -> float:
    onto, side, part = _edited(case)
    wrong = spoil(side.perfect, side.given, part.region, flaw, degree=degree, seed=4)
    return failure_degree(case, perfect_images(case) | {onto: wrong}).degree


def test_a_rough_mask_finds_its_object() -> None:
    scene = make_scene(2)
    for at, mask in enumerate(visible_masks(scene)):
        rough = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(np.bool_)
        found = match(scene, rough)
        assert found.subject == at
        assert 0.7 < found.iou < 1


@pytest.mark.parametrize("edit_type", [*LOCAL, "motion_change"])
def test_perfect_does_not_fail_and_nothing_done_fails_wholly(edit_type: str) -> None:
    case = _case(edit_type)
    assert failure_degree(case, perfect_images(case)).degree < 0.15
    assert _degree(case, Flaw.NOT_DONE, 1.0) > 0.95


@pytest.mark.parametrize("edit_type", ["remove", "replace", "alter"])
@pytest.mark.parametrize("flaw", [Flaw.NOT_DONE, Flaw.LEFTOVER, Flaw.SPILL, Flaw.WRONG_OBJECT])
def test_more_of_a_flaw_is_more_of_a_failure(edit_type: str, flaw: Flaw) -> None:
    degrees = [_degree(_case(edit_type), flaw, degree) for degree in (0.1, 0.5, 1.0)]
    assert degrees == sorted(degrees)
    assert degrees[0] < 0.45
    assert degrees[-1] > 0.4


@pytest.mark.parametrize("flaw", list(Flaw))
def test_spoiling_is_deterministic_and_leaves_its_input(flaw: Flaw) -> None:
    _, side, part = _edited(_case("alter"))
    before = side.perfect.copy()
    one, two = (
        spoil(side.perfect, side.given, part.region, flaw, degree=0.5, seed=9) for _ in range(2)
    )
    assert one.tobytes() == two.tobytes() != before.tobytes()
    assert np.array_equal(side.perfect, before)


def test_every_kind_of_step_has_suitable_flaws_but_those_without_truth() -> None:
    assert set(PaintKind) - set(SUITABLE) == {PaintKind.BACKDROP, PaintKind.STYLISE}


def test_another_plausible_fill_is_not_a_failure() -> None:
    case = _case("remove", 0)
    onto, side, part = _edited(case)
    elsewhere = replace(case.scene, background=replace(case.scene.background, seed=1), objects=())
    other = side.perfect.copy()
    donor = render(elsewhere).astype(np.float32)
    # Another meadow, brought to the tone of this one, as a good painter would.
    donor += side.perfect[part.region].mean(axis=0) - donor[part.region].mean(axis=0)
    other[part.region] = np.clip(donor, 0, 255)[part.region]
    assert failure_degree(case, perfect_images(case) | {onto: other}).degree < 0.3


def test_a_hole_is_a_failure() -> None:
    case = _case("remove")
    onto, side, part = _edited(case)
    hole = side.perfect.copy()
    hole[part.region] = (255, 0, 255)
    assert failure_degree(case, perfect_images(case) | {onto: hole}).degree > 0.9


def test_a_changed_surrounding_is_harm() -> None:
    case = _case("alter")
    onto, side, part = _edited(case)
    region: Bitmap = part.region
    repainted = np.where(region[..., None], side.perfect, side.perfect[..., ::-1])
    failure = failure_degree(case, perfect_images(case) | {onto: repainted})
    assert failure.undone < 0.1
    assert failure.harm > 0.9


def test_add_is_judged_by_the_source_it_was_made_from() -> None:
    case = _case("add")
    assert np.array_equal(case.sides["target"].perfect, render(case.scene))
    assert not case.sides["target"].parts
    assert [part.kind for part in case.sides["source"].parts] == [PaintKind.ERASE]


def test_an_extracted_object_is_alone_in_the_middle_of_white() -> None:
    perfect = _case("object_extraction").sides["target"].perfect
    inked = np.argwhere((perfect < 250).any(axis=2))
    centre = (inked.min(axis=0) + inked.max(axis=0)) / 2
    assert np.abs(centre - np.asarray(perfect.shape[:2]) / 2).max() < 3
    assert (perfect[:20] == 255).all()


def test_half_of_a_hybrid_is_half_a_failure() -> None:
    scene = make_scene(1)
    masks = visible_masks(scene)
    large = np.argsort([-mask.sum() for mask in masks])[:2]
    asked = [_operation(scene, kind, int(s), at) for at, (kind, s) in enumerate(
        zip(("remove", "alter"), large, strict=True))]  # fmt: skip
    both = perfect_case(scene, asked, [masks[int(s)] for s in large], TYPES)
    one = perfect_case(scene, asked[:1], [masks[int(large[0])]], TYPES)
    assert failure_degree(both, perfect_images(both)).degree < 0.01
    half = failure_degree(both, perfect_images(one))
    assert half.undone == pytest.approx(0.5, abs=0.05)


def test_what_cannot_be_built_says_so() -> None:
    scene = make_scene(0)
    masks = visible_masks(scene)[:1]
    for edit_type, words in (("no_such_type", "no edit type"), ("motion_change", "frame_case")):
        with pytest.raises(ImgEditError, match=words):
            perfect_case(scene, [_operation(scene, edit_type, 0)], masks, TYPES)


@cache
def _dressed(look: str) -> Case:
    """The main object replaced by a motorcycle in a look."""
    scene = make_scene(1)
    subject = _main(scene)
    target = Target(key="motorcycle", phrase="a motorcycle", look=look)
    operation = Operation(edit_type="replace", subject=0, name="it", target=target)
    return perfect_case(scene, [operation], [visible_masks(scene)[subject]], TYPES)


@pytest.mark.parametrize("look", ["wood", "blue"])
def test_a_replacement_without_its_look_is_a_failure(look: str) -> None:
    case = _dressed(look)
    plain = _dressed("").sides["target"].perfect
    assert failure_degree(case, perfect_images(case)).degree < 0.05
    assert failure_degree(case, {**perfect_images(case), "target": plain}).degree > 0.8
    pink = _dressed("pink").sides["target"].perfect
    assert failure_degree(case, {**perfect_images(case), "target": pink}).degree > 0.8


def test_a_painted_texture_has_the_look_of_its_material() -> None:
    case = _dressed("wood")
    side = case.sides["target"]
    request = PaintRequest(
        kind=PaintKind.INSERT,
        image=side.given,
        mask=visible_masks(case.scene)[case.matches[0].subject],
        name="it",
        target=case.operations[0].target,
        grow_px=8,
        seed=3,
    )
    painting, result = ClassicalPainter().paint([request])[0], side.given.copy()
    assert isinstance(painting, Painting)
    result[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    assert failure_degree(case, {**perfect_images(case), "target": result}).degree < 0.3


def test_nobody_knows_what_a_step_from_outside_should_give() -> None:
    def paint(request: PaintRequest) -> Painting:
        raise NotImplementedError

    scene = make_scene(0)
    types = {**TYPES, "own": replace(TYPES["alter"], name="own", steps=(Step(paint=paint),))}
    asked = [_operation(scene, "own", 0)]
    assert not has_truth(asked, types)
    with pytest.raises(NoTruthError, match=r"'own'.*has_truth"):
        perfect_case(scene, asked, visible_masks(scene)[:1], types)


@pytest.mark.parametrize(
    ("edit_type", "key"), [("background_change", "forest"), ("style_transfer", "oil")]
)
def test_what_only_its_painter_could_draw_has_no_truth(edit_type: str, key: str) -> None:
    target = Target(key=key, phrase=key)
    asked = [Operation(edit_type=edit_type, subject=0, name="it", target=target)]
    assert not has_truth(asked, TYPES)
    assert edit_type in types_without_truth(TYPES)
    with pytest.raises(NoTruthError, match=edit_type):
        perfect_case(make_scene(0), asked, visible_masks(make_scene(0))[:1], TYPES)


def test_the_oracle_draws_nothing_with_what_it_measures() -> None:
    modules = "import sys, models.studio.oracle; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", modules], capture_output=True, text=True, check=True
    )
    assert not [name for name in loaded.stdout.split() if name.startswith("models.paint")]
    assert set(types_without_truth(TYPES)) == {"background_change", "style_transfer"}


@pytest.mark.parametrize("edit_type", ["replace", "alter"])
def test_a_target_outside_the_vocabularies_has_no_truth(edit_type: str) -> None:
    known = Target(key=_operation(make_scene(0), edit_type, 0).target.key, phrase="")
    for target, truth in ((known, True), (replace(known, key="velvet"), False)):
        operation = Operation(edit_type=edit_type, subject=0, name="it", target=target)
        assert has_truth([operation], TYPES) is truth


def test_the_truth_of_frames_is_known() -> None:
    assert has_truth(_case("motion_change").operations, TYPES)


@pytest.mark.parametrize("edit_type", LOCAL)
def test_degrees_lie_between_none_and_all(edit_type: str) -> None:
    case = _case(edit_type)
    noise = np.random.default_rng(0).integers(0, 256, case.sides["target"].given.shape, np.uint8)
    failure = failure_degree(case, dict.fromkeys(case.sides, noise))
    assert 0.9 < failure.degree <= 1
