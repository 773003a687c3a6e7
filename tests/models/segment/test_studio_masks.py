"""The embedded segmenter against the whole truth of studio scenes."""

import numpy as np

from models.detect.detection import Found
from models.faults import Fault
from models.geometry import Box
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.studio.scene import make_scene, render, visible_masks

SCENES = range(100, 104)


def passing_ious(index: int) -> list[float]:
    """IoU of each object that the region gate lets through: size and mask score."""
    scene = make_scene(index)
    image, truths = render(scene), visible_masks(scene)
    found = tuple(
        Found(name="thing", kind="object", box=Box.around(truth), score=1.0) for truth in truths
    )
    answer = GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])[0]
    assert not isinstance(answer, Fault)
    return [
        np.count_nonzero(one.mask & truth) / np.count_nonzero(one.mask | truth)
        for one, truth in zip(answer, truths, strict=True)
        if one.score >= 0.8 and 0.01 < one.mask.mean() <= 0.6
    ]


def test_mean_iou_over_objects_that_pass_the_gate() -> None:
    ious = [iou for index in SCENES for iou in passing_ious(index)]
    assert len(ious) >= 8
    assert np.mean(ious) >= 0.85
