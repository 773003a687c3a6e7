"""What one training step sees: crops, varied a little, and whole scenes, with their captions."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.embed.studio_pixels import network_input
from models.embed.studio_training.captions import (
    name_captions,
    negated_captions,
    scene_caption,
)
from models.embed.studio_training.crops import Renders
from models.geometry import Rgb
from models.studio.catalogue import names

_ACTING_SHARE = 0.15
"""Of the crops: two names in thirteen actions, five skins and eight colours take more to learn."""
_SCALES = (0.8, 1.06)
_SHIFT_FRAC = 0.05
_TURN_DEGREES = 4.0
_HOLED_SHARE = 0.3
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Everything there is to learn from."""

    crops: NDArray[np.uint8]
    labels: NDArray[np.int64]
    """Index of each crop's name."""
    acting: NDArray[np.bool_]
    """Whether a crop shows a person of a clip."""
    scenes: NDArray[np.uint8]
    scene_objects: NDArray[np.bool_]
    scene_settings: NDArray[np.int64]

    @classmethod
    def of(cls, renders: Renders, studies: NDArray[np.uint8]) -> "Lessons":
        """Renders together with studies, of which there are as many of each name."""
        each = len(studies) // len(names())
        labels = np.repeat(np.arange(len(names())), each)
        return cls(
            crops=np.concatenate([renders.crops, studies]),
            labels=np.concatenate([renders.crop_names, labels]),
            acting=np.concatenate([renders.crop_clip, np.zeros(len(studies), np.bool_)]),
            scenes=renders.scenes,
            scene_objects=renders.scene_objects,
            scene_settings=renders.scene_settings,
        )

    def weights(self) -> NDArray[np.float64]:
        """Chance of each crop to be drawn.

        Every name is as likely as every other, and so are those of the people of clips, who have
        a share of their own.
        """
        groups = np.where(self.acting, self.labels + len(names()), self.labels)
        weights = 1 / np.bincount(groups)[groups]
        shares = np.where(self.acting, _ACTING_SHARE, 1 - _ACTING_SHARE)
        totals = np.bincount(self.acting, weights=weights, minlength=2)[self.acting.astype(int)]
        weights = weights / totals * shares
        return np.asarray(weights / weights.sum(), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """One step's images and texts."""

    images: NDArray[np.float32]
    """The crops, then the scenes, as the network takes them."""
    labels: NDArray[np.int64]
    """Index of each crop's name."""
    texts: tuple[str, ...]
    """A caption of each name, a caption that denies each name, then one of each scene."""
    others: NDArray[np.int64]
    """Crops x 2: names that are not the crop's."""
    caption_holds: NDArray[np.bool_]
    """Scene captions x scenes: which caption is true of which scene."""


def draw_batch(
    lessons: Lessons,
    weights: NDArray[np.float64],
    *,
    crops: int,
    scenes: int,
    rng: np.random.Generator,
) -> TrainingBatch:
    """A batch of so many crops and scenes; `weights` are those of the lessons."""
    at = rng.choice(len(lessons.crops), crops, p=weights)
    of = rng.choice(len(lessons.scenes), scenes, replace=False)
    labels = lessons.labels[at]
    objects, settings = lessons.scene_objects[of], lessons.scene_settings[of]
    captions = [
        scene_caption(held, int(setting), rng)
        for held, setting in zip(objects, settings, strict=True)
    ]
    pictures = [_varied(image, rng) for image in lessons.crops[at]]
    pictures += [_maybe_flipped(image, rng) for image in lessons.scenes[of]]
    shift = rng.integers(1, len(names()), (crops, 2))
    return TrainingBatch(
        images=network_input(pictures),
        labels=labels,
        texts=(*name_captions(rng), *negated_captions(rng), *(c.text for c in captions)),
        others=(labels[:, None] + shift) % len(names()),
        caption_holds=np.stack([c.is_true_of(objects, settings) for c in captions]),
    )


def _varied(image: Rgb, rng: np.random.Generator) -> Rgb:
    """A crop a little smaller or larger, shifted, turned, flipped, or with a hole in its mask."""
    side = image.shape[0]
    turn = cv2.getRotationMatrix2D(
        (side / 2, side / 2), rng.uniform(-_TURN_DEGREES, _TURN_DEGREES), rng.uniform(*_SCALES)
    )
    turn[:, 2] += rng.uniform(-_SHIFT_FRAC, _SHIFT_FRAC, 2) * side
    varied = cv2.warpAffine(
        image, turn, (side, side), borderMode=cv2.BORDER_CONSTANT, borderValue=_WHITE
    )
    if rng.uniform() < _HOLED_SHARE:
        middle, radii = rng.integers(0, side, 2).tolist(), rng.integers(4, side // 4, 2).tolist()
        cv2.ellipse(varied, middle, radii, 0, 0, 360, _WHITE, cv2.FILLED)
    return _maybe_flipped(varied, rng)


def _maybe_flipped(image: Rgb, rng: np.random.Generator) -> Rgb:
    return image[:, ::-1] if rng.integers(2) else image
