"""The README's example of an edit type from outside the package: *resize*."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.edit_types.recipe import brief_params, plan_params
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import FaultError
from models.geometry import Bitmap, Box, Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge
from models.painting import Painting, PaintRequest
from models.studio.known import has_truth
from models.studio.scene import make_scene, render, visible_masks
from models.vocabulary import Target
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction

FOLDER = Path(__file__).parents[2] / "graph" / "edit_types"
TYPES = load_edit_types([FOLDER])
RESIZE = TYPES["resize"]
TARGETS = {target.key: target for target in RESIZE.brief.targets}


def ball(width: int, height: int, place: Box) -> tuple[Rgb, Bitmap]:
    """A dark ball on a pale ground."""
    rows, cols = np.ogrid[:height, :width]
    away = ((cols + 0.5 - (place.x0 + place.x1) / 2) / (place.width / 2)) ** 2
    away = away + ((rows + 0.5 - (place.y0 + place.y1) / 2) / (place.height / 2)) ** 2
    image = np.full((height, width, 3), (200, 210, 190), np.uint8)
    image[away <= 1] = (150, 30, 60)
    return image, np.asarray(away <= 1)


def painted(image: Rgb, mask: Bitmap, key: str) -> Painting:
    paint = RESIZE.steps[0].paint
    assert callable(paint)
    request = PaintRequest(
        kind=None, image=image, mask=mask, name="ball", target=TARGETS[key], grow_px=99, seed=1
    )
    return paint(request)


def pasted(image: Rgb, painting: Painting) -> Rgb:
    result = image.copy()
    result[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return result


def test_the_file_is_short_enough_to_be_printed() -> None:
    assert len((FOLDER / "resize.py").read_text("utf-8").splitlines()) < 60


@pytest.mark.parametrize(("key", "factor"), [("twice", 2.0), ("half", 0.5)])
def test_the_object_stands_where_it_stood_at_its_new_size(key: str, factor: float) -> None:
    image, mask = ball(300, 260, Box(120, 130, 180, 190))
    painting = painted(image, mask, key)
    dark = pasted(image, painting)[..., 1] < 110
    at = Box.around(dark)
    assert at.y1 == pytest.approx(190, abs=1)
    assert (at.x0 + at.x1) / 2 == pytest.approx(150, abs=1)
    assert dark.sum() == pytest.approx(factor**2 * mask.sum(), rel=0.06)
    # Every pixel that it claims is another than before, and no other is claimed.
    assert (painting.rgb != image[painting.box.slices]).any(axis=2)[painting.alpha].all()


@settings(max_examples=12, deadline=None)
@given(
    width=st.integers(40, 400),
    height=st.integers(40, 400),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    key=st.sampled_from(sorted(TARGETS)),
)
def test_any_image_of_any_size_is_painted_inside(
    width: int, height: int, x: float, y: float, key: str
) -> None:
    side = max(8, min(width, height) // 6)
    left, top = round(x * (width - side)), round(y * (height - side))
    image, mask = ball(width, height, Box(left, top, left + side, top + side))
    painting = painted(image, mask, key)
    assert painting.box.clipped(width, height) == painting.box
    assert painting.alpha.any()
    wanted = mask.sum() * (4 if key == "twice" else 0.25)
    dark = (pasted(image, painting)[..., 1] < 120).sum()
    assert dark == pytest.approx(wanted, rel=0.3, abs=12)


def test_what_cannot_fit_is_a_fault() -> None:
    image, mask = ball(100, 100, Box(10, 10, 80, 80))
    with pytest.raises(FaultError, match="do not fit"):
        painted(image, mask, "twice")


def test_the_writer_asks_for_one_of_its_sizes_in_tidy_words() -> None:
    asked = [
        WriteRequest(
            caption="a woman and a dog in a park",
            edit_type=RESIZE,
            subjects=(Subject(name=name, box=Box(40, 900, 240, 1100)),),
            width=1280,
            height=1280,
            seed=seed,
        )
        for name in ("dog", "woman", "scissors")
        for seed in range(40)
    ]
    written = [w for w in GrammarWriter().write(asked) if isinstance(w, WrittenInstruction)]
    assert len(written) == len(asked)
    assert {w.operations[0].target.key for w in written} == set(TARGETS)
    texts = {w.text for w in written}
    assert "Make the dog twice as large." in texts
    assert all("twice as large" in text or "half as large" in text for text in texts)


def test_a_changed_file_paints_anew_and_changed_targets_write_anew() -> None:
    assert "def paint_resized" in str(plan_params(RESIZE))
    assert "twice as large" in str(brief_params(RESIZE))


@pytest.mark.parametrize("key", sorted(TARGETS))
def test_the_metric_judge_accepts_a_good_result_and_refuses_nothing_done(key: str) -> None:
    scene = make_scene(4)
    image, mask = render(scene), visible_masks(scene)[-1]
    assert 0.01 < mask.mean() < 0.06
    operation = Operation(edit_type="resize", subject=0, name="it", target=TARGETS[key])
    results = (pasted(image, painted(image, mask, key)), image)
    requests = [
        JudgeRequest(
            edit_type=RESIZE,
            instruction="",
            operations=(operation,),
            source=image,
            target=result,
            masks=(mask,),
        )
        for result in results
    ]
    good, undone = MetricJudge().judge(requests)
    assert isinstance(good, Judgement)
    assert isinstance(undone, Judgement)
    assert good.capped().score >= 3.5
    assert "the only thing measured" in good.reason
    assert undone.capped().score == 1


def test_its_truth_is_unknown_and_no_fault() -> None:
    target = Target(key="twice", phrase="twice as large")
    assert not has_truth(
        [Operation(edit_type="resize", subject=0, name="it", target=target)], TYPES
    )
