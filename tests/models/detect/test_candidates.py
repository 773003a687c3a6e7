import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.detect.candidates import Candidates, Named, kept
from models.geometry import Box


def candidates(*rows: tuple[tuple[float, float, float, float], list[float]]) -> Candidates:
    return Candidates(
        boxes=np.float32([box for box, _ in rows]), scores=np.float32([score for _, score in rows])
    )


def keep(given: Candidates, **changes: float) -> list[Named]:
    settings = {
        "objects": 9,
        "least_score": 0.1,
        "nms_iou": 0.5,
        "max_boxes": 100,
        "least_side_px": 4,
    }
    return kept(given, size=(200, 100), **(settings | changes))


def test_a_box_takes_its_best_noun_and_is_rounded_outwards_inside_the_image() -> None:
    found = keep(candidates(((-5.5, 10.2, 50.1, 120), [0.2, 0.9]), ((60, 0, 90.0, 30), [0.3, 0.1])))
    assert [(one.noun, one.box) for one in found] == [
        (1, Box(0, 10, 51, 100)),
        (0, Box(60, 0, 90, 30)),
    ]


def test_of_near_duplicates_of_any_noun_the_best_stays() -> None:
    found = keep(
        candidates(
            ((0, 0, 50, 50), [0.5, 0.0]),
            ((2, 2, 50, 50), [0.0, 0.8]),
            ((45, 45, 95, 95), [0.6, 0.0]),
        )
    )
    assert [(one.noun, round(one.score, 3)) for one in found] == [(1, 0.8), (0, 0.6)]


def test_near_duplicates_are_told_inside_the_image() -> None:
    found = keep(candidates(((0, 0, 50, 50), [0.9]), ((-500, 0, 50, 50), [0.8])))
    assert len(found) == 1


def test_weak_thin_and_inverted_boxes_are_dropped() -> None:
    rows = [((0, 0, 50, 50), [0.05]), ((0, 0, 2, 90), [0.9]), ((60, 50, 20, 10), [0.9])]
    assert keep(candidates(*rows)) == []
    assert len(keep(candidates(*rows), least_score=0.01)) == 1
    assert len(keep(candidates(*rows), least_side_px=1)) == 1


def test_no_more_boxes_than_allowed() -> None:
    rows = [((x, 0, x + 9.0, 9), [0.2 + x / 1000]) for x in range(0, 190, 10)]
    found = keep(candidates(*rows), max_boxes=3)
    assert [one.box.x0 for one in found] == [180, 170, 160]


def test_backgrounds_compete_but_do_not_count() -> None:
    rows = [((0, 0, 50, 50), [0.3, 0.9]), ((0, 0, 49, 50), [0.8, 0]), ((60, 0, 99, 9), [0.2, 0])]
    found = keep(candidates(*rows), objects=1, max_boxes=1)
    assert [(one.noun, one.box.x0) for one in found] == [(0, 60)]


def test_lists_of_other_nouns_stand_beside_each_other() -> None:
    first = candidates(((0, 0, 9, 9), [0.5, 0.6]))
    both = Candidates.beside([first, candidates(((20, 0, 39, 9), [0.9]))])
    assert [(one.noun, one.box.x0) for one in keep(both)] == [(2, 20), (1, 0)]


@given(
    st.lists(
        st.tuples(
            st.tuples(*[st.floats(-300, 300, width=32)] * 4),
            st.lists(st.floats(0, 1, width=32), min_size=2, max_size=2),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_comes_boxes_lie_in_the_image_best_first(
    rows: list[tuple[tuple[float, float, float, float], list[float]]],
) -> None:
    found = keep(candidates(*rows))
    assert all(one.box.clipped(200, 100) == one.box for one in found)
    assert all(min(one.box.width, one.box.height) >= 4 for one in found)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
