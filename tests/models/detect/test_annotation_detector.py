import math

import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_sample_image

from models.annotation import AnnotatedObject, Annotation
from models.detect.annotations import AnnotationDetector
from models.detect.detection import DetectRequest, Found
from models.faults import Fault, Reason
from models.geometry import Box, Rgb
from resources.roles import Detector

BLANK = np.full((200, 300, 3), 180, np.uint8)
Corners = tuple[float, float, float, float]


def request(
    *boxes: Corners, image: Rgb = BLANK, nouns: tuple[str, ...] = (), sky: tuple[str, ...] = ()
) -> DetectRequest:
    objects = tuple(AnnotatedObject(name=f"thing {i}", box=box) for i, box in enumerate(boxes))
    return DetectRequest(
        image=image,
        object_nouns=nouns,
        background_nouns=sky,
        annotation=Annotation(objects=objects),
    )


def detect(one: DetectRequest, **settings: float) -> tuple[Found, ...]:
    answer = AnnotationDetector(**settings).detect([one])[0]
    assert not isinstance(answer, Fault)
    return answer


def objects_of(found: tuple[Found, ...]) -> list[Found]:
    return [one for one in found if one.kind == "object"]


def overlap(one: Box, other: Box) -> float:
    both = Box(
        max(one.x0, other.x0), max(one.y0, other.y0), min(one.x1, other.x1), min(one.y1, other.y1)
    )
    return both.area_px / (one.area_px + other.area_px - both.area_px)


def test_is_a_detector() -> None:
    assert isinstance(AnnotationDetector(), Detector)


def test_boxes_are_rounded_outwards_and_clipped() -> None:
    found = objects_of(detect(request((10.6, 20.2, 40.1, 60.9), (-50, -5, 60.5, 900))))
    assert [one.box for one in found] == [Box(10, 20, 41, 61), Box(0, 0, 61, 200)]


def test_overlapping_boxes_of_any_class_are_suppressed() -> None:
    found = objects_of(detect(request((0, 0, 100, 100), (5, 5, 100, 100), (90, 0, 190, 100))))
    assert [one.name for one in found] == ["thing 0", "thing 2"]


def test_no_more_boxes_than_allowed() -> None:
    boxes = [(float(x), float(y), x + 9.0, y + 9.0) for x in range(0, 290, 10) for y in (0, 50, 90)]
    assert len(boxes) < 100
    more = boxes + [(x, y + 100, x1, y1 + 100) for x, y, x1, y1 in boxes]
    assert len(objects_of(detect(request(*more)))) == 100
    assert len(objects_of(detect(request(*more), max_boxes=7))) == 7


def test_background_nouns_become_the_canvas() -> None:
    backgrounds = detect(request((0, 0, 50, 50), sky=("sky", "grass", "sky")))[1:]
    assert [(one.name, one.kind) for one in backgrounds] == [
        ("sky", "background"),
        ("grass", "background"),
    ]
    assert {one.box for one in backgrounds} == {Box(0, 0, 300, 200)}


@pytest.mark.parametrize(
    "box", [(400, 10, 500, 90), (50, 50, 20, 20), (math.nan, 0, 50, 50), (0, 0, math.inf, 50)]
)
def test_only_impossible_boxes_are_a_bad_annotation(box: Corners) -> None:
    answer = AnnotationDetector().detect([request(box)])[0]
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.BAD_ANNOTATION
    assert len(objects_of(detect(request(box, (0, 0, 50, 50))))) == 1


def test_bad_row_is_a_fault_in_its_place() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    tiny = np.zeros((1, 1, 3), np.uint8)
    answers = AnnotationDetector().detect(
        [request(image=noise), request((0, 0, 50, 50)), request(), request(image=tiny)]
    )
    assert [isinstance(answer, Fault) for answer in answers] == [True, False, True, True]
    assert answers[0].reason is Reason.NO_OBJECT


@pytest.mark.parametrize(
    ("image", "subject"),
    [
        (load_sample_image("flower.jpg"), Box(168, 83, 448, 362)),
        (load_sample_image("china.jpg"), Box(62, 28, 365, 400)),
        (data.coffee(), Box(77, 12, 480, 385)),
    ],
    ids=["flower", "pagoda", "coffee"],
)
def test_the_main_subject_of_a_photograph_is_found(image: Rgb, subject: Box) -> None:
    found = detect(request(image=image))
    assert [one.name for one in found] == ["main subject", "background"]
    assert overlap(found[0].box, subject) > 0.8
    assert 0 < found[0].score <= 1
    assert detect(request(image=image)) == found


def test_a_single_noun_names_the_main_subject() -> None:
    image = load_sample_image("flower.jpg")
    assert detect(request(image=image, nouns=("dahlia",)))[0].name == "dahlia"
    assert detect(request(image=image, nouns=("dahlia", "leaf")))[0].name == "main subject"
