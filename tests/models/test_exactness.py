"""Every embedded measure answers alike to the bit: in threads, and wherever its arrays lie."""

import pickle
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from models.aesthetics.statistics import StatisticsScorer
from models.detect.detection import Found
from models.detect.saliency import main_subject
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.embed.studio import StudioEmbedder
from models.embed.vector import CropRequest
from models.geometry import Bitmap, Box, Rgb
from models.judge.judgement import JudgeRequest
from models.judge.pair import MetricJudge
from models.judge.view import steepness, to_lab
from models.paint.diffusion.crop import depth, grown
from models.regions.motion import moved_mask
from models.safety.opennsfw import OpenNsfw
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.similarity.phash import perceptual_hash
from models.studio.measures import (
    RegionWindow,
    correlation,
    edges,
    histogram,
    mean,
    shares,
    soft_edges,
)
from models.vocabulary import Target

TIMES = 100
OFFSETS = 32
Measure = Callable[[Rgb], object]

PICTURE: Rgb = cv2.resize(data.astronaut(), (120, 113), interpolation=cv2.INTER_AREA)
"""Small, so that its arrays come from the heap, where any multiple of 16 bytes can begin."""


def at_offset(image: Rgb, offset: int) -> Rgb:
    """The image at so many bytes past a multiple of 64."""
    room = np.zeros(image.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + image.nbytes].reshape(image.shape)
    copy[...] = image
    return copy


def disc(image: Rgb) -> Bitmap:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (width // 2, height // 3), height // 4, 1, -1)
    return mask.astype(np.bool_)


def recoloured(image: Rgb) -> Rgb:
    changed = image.copy()
    changed[disc(image)] = changed[disc(image)][:, ::-1]
    return changed


def of_judge() -> Measure:
    judge, types = MetricJudge(), load_edit_types()
    judge.setup()
    asked = {"remove": "", "alter": "blue"}

    def measure(image: Rgb) -> object:
        target, mask = at_offset(recoloured(image), 3), disc(image)
        requests = [
            JudgeRequest(
                edit_type=types[name],
                instruction="",
                operations=(
                    Operation(
                        edit_type=name, subject=0, name="dog", target=Target(key=key, phrase=key)
                    ),
                ),
                source=image,
                target=target,
                masks=(mask,),
                edit_types=types,
            )
            for name, key in asked.items()
        ]
        return judge.judge([*requests, replace(requests[0], source=target, target=image)])

    return measure


def of_embedder() -> Measure:
    embedder = StudioEmbedder()
    embedder.setup()

    def measure(image: Rgb) -> object:
        # Alone and among others: a resumed partition batches what is left.
        many = [image, *([image[::-1]] * random.randrange(9))]
        crops = [CropRequest(crop=crop, name="dog", drawn=True) for crop in many]
        return embedder.embed_images(many)[0], embedder.crop_score(crops)[0]

    return measure


def of_safety() -> Measure:
    safety = OpenNsfw()
    safety.setup()
    return lambda image: safety.unsafe([image, *([image[::-1]] * random.randrange(3))])[0]


def of_segmenter() -> Measure:
    found = (Found(name="face", kind="object", box=Box(32, 8, 88, 72), score=1.0),)
    return lambda image: GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])


def of_oracle() -> Measure:
    def measure(image: Rgb) -> object:
        window = RegionWindow.around(disc(image))
        before, after = window.fine(image), window.fine(recoloured(image))
        weight = window.weight(before)
        return (
            mean(edges(before), weight),
            correlation(soft_edges(before), soft_edges(after), weight),
            shares(after, (before, before[::-1]), weight),
            histogram(after, weight),
        )

    return measure


def of_aesthetics() -> Measure:
    # Many pictures: what differs is a hundredth of their edges, and one of those is the score.
    return lambda image: StatisticsScorer().score(
        [
            np.roll(image, 7 * step, axis=(0, 1))[: size - 9, :size]
            for step in range(24)
            for size in (90, 120)
        ]
    )


MEASURES: dict[str, Callable[[], Measure]] = {
    "aesthetics": of_aesthetics,
    "gradient": lambda: lambda image: steepness(to_lab(image)),
    "hash": lambda: perceptual_hash,
    "subject": lambda: lambda image: main_subject(image, least_contrast=0.0),
    "motion": lambda: lambda image: moved_mask(image, recoloured(image)),
    "depth": lambda: (
        lambda image: (depth((image[..., 0] > 9).view(np.uint8)), grown(disc(image), 5))
    ),
    "oracle": of_oracle,
    "segmenter": of_segmenter,
    "judge": of_judge,
    "embedder": of_embedder,
    "safety": of_safety,
}


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets OpenCV's threads, and puts them back."""
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_answers_alike_every_time(name: str, threads: Callable[[int], None]) -> None:
    measure = MEASURES[name]()
    held: list[bytearray] = []

    def answer(number: int) -> bytes:
        # What is in use elsewhere decides where the next arrays lie.
        held.append(bytearray(random.randrange(1, 9000)))
        return pickle.dumps(measure(at_offset(PICTURE, number % OFFSETS)))

    answers: set[Any] = set()
    for share, count in enumerate((1, 2, 3, 4)):
        threads(count)
        with ThreadPoolExecutor(4) as pool:
            answers |= set(pool.map(answer, range(share, TIMES, 4)))
        del held[::2]
    assert len(answers) == 1
