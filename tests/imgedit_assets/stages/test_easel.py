"""The version tree of a dialogue: what a turn starts from, and what going back leaves off."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgedit_assets.stages.easel import Easel, State, strokes
from models.dialogues.dialogue import Turn
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.painting import Painting
from models.vocabulary import Target

TYPES = load_edit_types()
SIDE = 64
BOXES = (Box(4, 4, 20, 20), Box(40, 40, 60, 60))


def root() -> Rgb:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def masks() -> tuple[Bitmap, ...]:
    found = np.zeros((len(BOXES), SIDE, SIDE), np.bool_)
    for mask, box in zip(found, BOXES, strict=True):
        mask[box.slices] = True
    return tuple(found)


def flat(box: Box, shade: int) -> Painting:
    return Painting(
        box=box,
        rgb=np.full((box.height, box.width, 3), shade, np.uint8),
        alpha=np.ones((box.height, box.width), np.bool_),
    )


def turn(edit_type: Literal["add", "alter", "replace"], subject: int, starts_from: int = 0) -> Turn:
    operation = Operation(
        edit_type=edit_type, subject=subject, name="thing", target=Target(key="", phrase="")
    )
    return Turn(
        instruction="do it", starts_from=starts_from, operations=(operation,), reference="name"
    )


def painted(turns: Sequence[Turn]) -> Easel:
    """Every stroke paints its subject's box in a shade of its own."""
    easel = Easel(root=root(), turns=tuple(turns), given=State(masks=masks()))
    for shade, stroke in enumerate(strokes(turns, TYPES), 100):
        easel.canvas(stroke)
        easel.apply(stroke, flat(BOXES[stroke.operation.subject], shade))
    easel.begin(len(turns))
    return easel


def look(easel: Easel, version: int) -> Rgb:
    return easel.pixels(easel.state(version))


def test_a_turn_says_how_far_beyond_its_own_mask_it_was_painted() -> None:
    turns = [turn("alter", 0), turn("add", 1, starts_from=1)]
    easel = Easel(root=root(), turns=tuple(turns), given=State(masks=masks()))
    for stroke in strokes(turns, TYPES):
        box = BOXES[stroke.operation.subject]
        wider = box.grown(stroke.operation.subject * 3, width=SIDE, height=SIDE)
        easel.apply(stroke, flat(wider, 100))
    # The second's corners lie 3 px off in both directions.
    assert [easel.grow_px(1), easel.grow_px(2)] == [0, 5]
    assert easel.grow_px(3) is None


def test_a_turn_builds_on_the_result_of_the_one_before() -> None:
    easel = painted([turn("alter", 0), turn("alter", 1, starts_from=1)])
    assert (look(easel, 2)[BOXES[0].slices] == look(easel, 1)[BOXES[0].slices]).all()
    assert (look(easel, 2)[BOXES[1].slices] != look(easel, 1)[BOXES[1].slices]).any()


def test_going_back_leaves_no_pixel_of_what_was_undone() -> None:
    easel = painted([turn("alter", 0), turn("alter", 1), turn("alter", 1, starts_from=1)])
    assert (look(easel, 2)[BOXES[0].slices] == root()[BOXES[0].slices]).all()
    outside = np.ones((SIDE, SIDE), np.bool_)
    outside[BOXES[1].slices] = False
    assert (look(easel, 3) == look(easel, 1))[outside].all()


def test_an_added_object_is_hidden_until_its_turn_and_then_shows_as_it_is() -> None:
    easel = painted([turn("alter", 0), turn("add", 1, starts_from=1)])
    for version in (0, 1):
        assert (look(easel, version)[BOXES[1].slices] != root()[BOXES[1].slices]).any()
    assert (look(easel, 2)[BOXES[1].slices] == root()[BOXES[1].slices]).all()
    assert (look(easel, 2)[BOXES[0].slices] == look(easel, 1)[BOXES[0].slices]).all()


def test_an_edit_over_a_hidden_object_is_refused() -> None:
    turns = [turn("alter", 0), turn("add", 1, starts_from=1)]
    easel = Easel(root=root(), turns=tuple(turns), given=State(masks=masks()))
    hide, recolour = strokes(turns, TYPES)
    easel.apply(hide, flat(BOXES[1], 0))
    easel.apply(recolour, flat(Box(0, 0, 50, 50), 1))
    with pytest.raises(FaultError) as refused:
        easel.begin(2)
    assert refused.value.fault.reason is Reason.UNPAINTABLE


@given(st.lists(st.tuples(st.sampled_from(["alter", "replace"]), st.integers(0, 1)), max_size=4))
def test_every_version_is_its_start_outside_its_own_patches(plan: list[tuple[str, int]]) -> None:
    turns = [
        turn(kind, subject, starts_from=at // 2)  # type: ignore[arg-type]
        for at, (kind, subject) in enumerate(plan)
    ]
    easel = painted(turns)
    for number, asked in enumerate(turns, 1):
        untouched = ~masks()[asked.operations[0].subject]
        before, after = look(easel, asked.starts_from), look(easel, number)
        assert (before == after)[untouched].all()
