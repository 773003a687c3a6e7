"""The embedded segmenter against the whole truth of studio scenes."""

import numpy as np

from models.detect.detection import Found
from models.faults import Fault
from models.geometry import Bitmap, Box
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.studio.scene import make_scene, render, visible_masks

SCENES = range(100, 104)


def passing(index: int) -> list[tuple[Bitmap, Bitmap]]:
    """Mask and truth of each object that the region gate lets through: size and mask score."""
    scene = make_scene(index)
    image, truths = render(scene), visible_masks(scene)
    found = tuple(
        Found(name="thing", kind="object", box=Box.around(truth), score=1.0) for truth in truths
    )
    answer = GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])[0]
    assert not isinstance(answer, Fault)
    return [
        (one.mask, truth)
        for one, truth in zip(answer, truths, strict=True)
        if one.score >= 0.8 and 0.01 < one.mask.mean() <= 0.6
    ]


def test_mean_iou_over_objects_that_pass_the_gate() -> None:
    ious = [
        np.count_nonzero(mask & truth) / np.count_nonzero(mask | truth)
        for index in SCENES
        for mask, truth in passing(index)
    ]
    assert len(ious) >= 8
    assert np.mean(ious) >= 0.95


def test_masks_take_no_scenery_along_between_legs_and_under_rotors() -> None:
    """The mountain between a rocket's fins, the grass between a poodle's legs and a ball."""
    for index in (15, 102):
        for mask, truth in passing(index):
            assert np.count_nonzero(mask & ~truth) < 0.1 * np.count_nonzero(truth)
