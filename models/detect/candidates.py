"""What an open-vocabulary detector answers before anything is left out, and what is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.geometry import Box

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Boxes of one image, each with a score for every noun that was looked for."""

    boxes: Floats
    """n x 4, `xyxy` in native pixels; they may reach outside the image."""
    scores: Floats
    """n x nouns, 0 to 1."""

    @classmethod
    def none(cls, nouns: int) -> Self:
        """No box at all."""
        return cls(boxes=np.zeros((0, 4), np.float32), scores=np.zeros((0, nouns), np.float32))

    @classmethod
    def beside(cls, parts: "Sequence[Candidates]") -> "Candidates":
        """One list from lists that were each asked for other nouns, in the nouns' order."""
        columns = sum(part.scores.shape[1] for part in parts)
        rows = sum(len(part.boxes) for part in parts)
        scores = np.zeros((rows, columns), np.float32)
        row = column = 0
        for part in parts:
            count, nouns = part.scores.shape
            scores[row : row + count, column : column + nouns] = part.scores
            row, column = row + count, column + nouns
        return cls(boxes=np.concatenate([part.boxes for part in parts]), scores=scores)

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return bool(np.isfinite(self.boxes).all() and np.isfinite(self.scores).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A box that is kept."""

    noun: int
    """Index of the noun that fits it best."""
    box: Box
    score: float


def kept(
    candidates: Candidates,
    *,
    objects: int,
    size: tuple[int, int],
    least_score: float,
    nms_iou: float,
    max_boxes: int,
    least_side_px: int,
) -> list[Named]:
    """The objects to keep, best first: named, clipped, rounded outwards, no near-duplicates.

    Args:
        candidates: All boxes; every number finite.
        objects: How many of the nouns, from the first on, are objects. Boxes of the others compete
            as near-duplicates, and then go.
        size: Width and height of the image.
        least_score: A box must score this for some noun.
        nms_iou: Of two boxes that overlap more than this, whatever their nouns, the worse goes.
        max_boxes: The most objects.
        least_side_px: Boxes narrower or lower than this inside the image are dropped.
    """
    clipped = candidates.boxes.clip(0, np.array([*size, *size], np.float32))
    best = candidates.scores.max(axis=1, initial=0.0)
    sides = clipped[:, 2:] - clipped[:, :2]
    usable = (best >= least_score) & (sides > 0).all(axis=1)
    order = np.flatnonzero(usable)
    order = order[np.argsort(-best[order], kind="stable")]
    found: list[Named] = []
    while order.size and len(found) < max_boxes:
        first, others = order[0], order[1:]
        order = others[_iou(clipped[first], clipped[others]) <= nms_iou]
        box = _whole_pixels(clipped[first])
        noun = int(candidates.scores[first].argmax())
        if noun < objects and min(box.width, box.height) >= least_side_px:
            found.append(Named(noun=noun, box=box, score=min(1.0, float(best[first]))))
    return found


def corners(boxes: Floats) -> Floats:
    """Boxes by centre, width and height as boxes by corners, n x 4."""
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _iou(one: Floats, others: Floats) -> Floats:
    shared = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    overlap = shared.clip(0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    union = (one[2:] - one[:2]).prod() + areas - overlap
    return np.asarray(overlap / union, np.float32)


def _whole_pixels(box: Floats) -> Box:
    x0, y0, x1, y1 = box.tolist()
    return Box(int(x0), int(y0), int(np.ceil(x1)), int(np.ceil(y1)))
