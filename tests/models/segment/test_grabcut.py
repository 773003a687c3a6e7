from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import data

from models.detect.detection import Found
from models.faults import Fault, Reason
from models.geometry import Bitmap, Box, Rgb
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import Segmented, SegmentRequest
from resources.roles import Segmenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    image: Rgb
    masks: tuple[Bitmap, ...]

    def request(self, *, background: bool = False) -> SegmentRequest:
        boxes = [Box.around(mask) for mask in self.masks]
        found = [Found(name="thing", kind="object", box=box, score=1.0) for box in boxes]
        if background:
            height, width = self.image.shape[:2]
            canvas = Box.canvas(width, height)
            found.insert(0, Found(name="sky", kind="background", box=canvas, score=1.0))
        return SegmentRequest(image=self.image, found=tuple(found))


def backdrop(seed: int, width: int = 1280, height: int = 960) -> Rgb:
    """A soft gradient with grain."""
    rng = np.random.default_rng(seed)
    top, bottom = rng.integers(90, 230, (2, 3))
    ramp = np.linspace(0, 1, height)[:, None, None]
    grain = rng.normal(0, 4, (height, width, 1))
    return np.clip(top * (1 - ramp) + bottom * ramp + grain, 0, 255).astype(np.uint8)


def outlined(image: Rgb, points: NDArray[np.int32], colour: tuple[int, int, int]) -> Bitmap:
    """Draws a filled shape with a black outline; returns its pixels."""
    before = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(before, [points], 1)
    cv2.polylines(before, [points], True, 1, 14)
    cv2.fillPoly(image, [points], colour)
    cv2.polylines(image, [points], True, (0, 0, 0), 14)
    return before.view(np.bool_)


def star(x: int, y: int, radius: int, tips: int) -> NDArray[np.int32]:
    turns = np.linspace(0, 2 * np.pi, 2 * tips, endpoint=False)
    radii = np.where(np.arange(2 * tips) % 2, 0.45 * radius, radius)
    corners = np.stack([x + radii * np.cos(turns), y + radii * np.sin(turns)], axis=1)
    return corners.round().astype(np.int32)


def draw(seed: int) -> Drawing:
    """Three outlined shapes, of which the second and third overlap."""
    image = backdrop(seed)
    shapes = (
        (star(300, 320, 210, 5 + seed), (200, 60, 50)),
        (star(760, 420, 230, 9), (60, 150, 220)),
        (star(980, 600, 200, 6), (240, 200, 60)),
    )
    masks = [outlined(image, points, colour) for points, colour in shapes]
    masks[1] &= ~masks[2]
    return Drawing(image=image, masks=tuple(masks))


DRAWINGS = tuple(draw(seed) for seed in range(3))


def iou(one: Bitmap, other: Bitmap) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def object_request(image: Rgb, *boxes: Box) -> SegmentRequest:
    found = tuple(Found(name="thing", kind="object", box=box, score=1.0) for box in boxes)
    return SegmentRequest(image=image, found=found)


def masks_of(request: SegmentRequest) -> tuple[Segmented, ...]:
    answer = GrabCutSegmenter().segment([request])[0]
    assert not isinstance(answer, Fault)
    return answer


def test_is_a_segmenter() -> None:
    backend: Segmenter = GrabCutSegmenter(iterations=1)
    assert isinstance(backend, Segmenter)
    assert backend.params()["iterations"] == 1


def test_masks_follow_the_drawn_shapes() -> None:
    for drawing in DRAWINGS:
        answers = masks_of(drawing.request())
        for answer, truth in zip(answers, drawing.masks, strict=True):
            assert iou(answer.mask, truth) > 0.88
            assert answer.score >= 0.8
        assert iou(answers[0].mask, drawing.masks[0]) > 0.98


def test_objects_do_not_share_pixels() -> None:
    answers = masks_of(DRAWINGS[0].request())
    claims = np.sum([answer.mask for answer in answers], axis=0)
    assert claims.max() == 1


def test_background_is_what_the_objects_leave_over() -> None:
    background, *objects = masks_of(DRAWINGS[0].request(background=True))
    truth = ~np.any(DRAWINGS[0].masks, axis=0)
    assert iou(background.mask, truth) > 0.97
    assert not any((background.mask & one.mask).any() for one in objects)
    assert background.score == min(one.score for one in objects)


def test_bad_row_is_a_fault_in_its_place() -> None:
    outside = object_request(DRAWINGS[0].image, Box(5000, 5000, 5100, 5100))
    answers = GrabCutSegmenter().segment([outside, DRAWINGS[0].request(), outside])
    assert [isinstance(answer, Fault) for answer in answers] == [True, False, True]
    assert answers[0].reason is Reason.EMPTY_MASK
    assert "5000" in answers[0].detail


def test_threads_agree_to_the_bit() -> None:
    segmenter = GrabCutSegmenter()
    requests = [drawing.request() for drawing in DRAWINGS]
    alone = segmenter.segment(requests)
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda request: segmenter.segment([request])[0], requests * 2))
    for one, other in zip(alone * 2, together, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(mine.mask, theirs.mask)
            assert mine.score == theirs.score


def test_a_box_that_cuts_through_its_object_scores_low() -> None:
    tight = Box.around(DRAWINGS[0].masks[0])
    third = tight.width // 3
    shifted = Box(tight.x0 + third, tight.y0 + third, tight.x1 + third, tight.y1 + third)
    assert masks_of(object_request(DRAWINGS[0].image, shifted))[0].score < 0.8


def test_a_mask_that_lacks_the_tip_of_its_object_scores_low() -> None:
    boxes = Box(308, 126, 339, 408), Box(162, 122, 206, 427), Box(437, 122, 478, 427)
    rocket = masks_of(object_request(data.rocket(), *boxes))[0]
    lacks_the_tip = not rocket.mask[126:140].any()
    assert rocket.score < 0.8 or not lacks_the_tip


def test_nothing_but_noise_scores_low() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    assert masks_of(object_request(noise, Box(100, 100, 300, 300)))[0].score < 0.8


def test_photograph_of_a_cup_and_saucer() -> None:
    image = data.coffee()
    ellipse = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(ellipse, (278, 225), (200, 160), 0, 0, 360, 1, cv2.FILLED)
    cv2.ellipse(ellipse, (290, 80), (115, 66), 0, 0, 360, 1, cv2.FILLED)
    answer = masks_of(object_request(image, Box(77, 12, 480, 385)))[0]
    assert iou(answer.mask, ellipse > 0) > 0.85


@settings(max_examples=25, deadline=None)
@given(
    corner=st.tuples(st.integers(-40, 130), st.integers(-40, 100)),
    size=st.tuples(st.integers(1, 170), st.integers(1, 130)),
    flat=st.booleans(),
)
def test_any_box_gives_a_mask_inside_it(
    corner: tuple[int, int], size: tuple[int, int], flat: bool
) -> None:
    rng = np.random.default_rng(1)
    image = np.full((90, 120, 3), 127, np.uint8)
    if not flat:
        image = rng.integers(0, 256, image.shape, dtype=np.uint8)
    box = Box(corner[0], corner[1], corner[0] + size[0], corner[1] + size[1])
    answer = GrabCutSegmenter().segment([object_request(image, box)])[0]
    inside = np.zeros(image.shape[:2], np.bool_)
    inside[box.clipped(120, 90).slices] = True
    if isinstance(answer, Fault):
        assert not inside.any()
        return
    assert answer[0].mask.shape == inside.shape
    assert not (answer[0].mask & ~inside).any()
    assert 0.0 <= answer[0].score <= 1.0
