"""What the SAM family shares: an image is encoded once, then each box is answered with a mask."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.batches import in_batches
from models.detect.detection import Found
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.hosting import Host, ModelSpec
from models.recorded import Recorded
from models.runtime import Runtime
from models.segment.leftover import leftover
from models.segment.segmentation import Segmented, SegmentRequest
from models.weights import Weights

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]

WORKING_BYTES_PER_IMAGE = 1_000_000_000
"""Hiera-L at 1024 px: 65,536 tokens of 144 numbers in the first blocks, with their queries, keys,
values and feed-forward layers, in float32."""
WORKING_BYTES_PER_BOX = 60_000_000
"""The mask decoder's 32 and 64 channels of 256 x 256 and 128 x 128, coming in and going out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """One image, ready for the network, with its objects' boxes."""

    pixels: "torch.Tensor"
    """3 x side x side, normalised."""
    boxes: Floats
    """n x 4, `xyxy` as shares of the image's sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the network says of one image's boxes."""

    logits: Floats
    """n x height x width, a quarter of the network's input; above 0 is object."""
    scores: Floats
    """Predicted IoU of each mask, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptedSegmenter(Recorded, ABC):
    """One mask for each box, without alternatives, at the image's own resolution.

    Masks may overlap and may reach past their boxes, as the network draws them.
    """

    unrecorded = MappingProxyType({"boxes_at_once": "how many are answered at once, not what"})

    weights: Weights
    host: Host
    runtime: Runtime = field(default_factory=Runtime)
    batch_size: int = 4
    """Images that are encoded together."""
    boxes_at_once: int = 32
    """Boxes of one image that are answered together."""
    background_gap_px: int = 3
    """Objects are grown by this before they are cut out of a background."""
    reach_frac: float | None = None
    """How far a mask may reach past its box, as a share of the box's sides; what lies beyond is
    dropped. None for as far as the network draws it."""

    @property
    @abstractmethod
    def spec(self) -> ModelSpec[Any]:
        """The model to load."""

    @abstractmethod
    def prepare(self, image: Rgb) -> "torch.Tensor":
        """The image as the network takes it, 3 x side x side, float32, on the CPU."""

    @abstractmethod
    def answers(self, batch: Sequence[Prompts]) -> Sequence[Answers]:
        """Masks of a batch: the part that needs the model."""

    def setup(self) -> None:
        """Load the model, so that a broken checkpoint shows before the first batch."""
        with self.host.use(self.spec):
            pass

    def segment(self, requests: Sequence[SegmentRequest]) -> list[tuple[Segmented, ...] | Fault]:
        """One mask with its predicted IoU for each box, in the boxes' order.

        A box outside its image is an `EMPTY_MASK` fault of that image; NaN or infinite numbers from
        the model are a `BAD_PIXELS` fault.
        """
        prompts = [self._prompts(request) for request in requests]
        asked = [one for one in prompts if isinstance(one, Prompts)]
        answers = iter(in_batches(asked, self.answers, size=self.batch_size))
        return [
            one
            if isinstance(one, Fault)
            else self._segmented(request, None if one is None else next(answers))
            for request, one in zip(requests, prompts, strict=True)
        ]

    def _prompts(self, request: SegmentRequest) -> Prompts | Fault | None:
        """None where there is no object to ask for."""
        try:
            boxes = [_relative(found, request.image) for found in _objects(request)]
        except FaultError as error:
            return error.fault
        if not boxes:
            return None
        return Prompts(pixels=self.prepare(request.image), boxes=np.array(boxes, np.float32))

    def _segmented(
        self, request: SegmentRequest, answer: Answers | Fault | None
    ) -> tuple[Segmented, ...] | Fault:
        if isinstance(answer, Fault):
            return answer
        height, width = request.image.shape[:2]
        objects: list[Segmented] = []
        if answer is not None:
            if not (np.isfinite(answer.logits).all() and np.isfinite(answer.scores).all()):
                detail = f"{self.weights.source} answered with NaN or infinite numbers"
                return Fault(reason=Reason.BAD_PIXELS, detail=detail)
            objects = [
                Segmented(
                    mask=self._within(found, _native(logits, width, height)),
                    score=float(score.clip(0, 1)),
                )
                for found, logits, score in zip(
                    _objects(request), answer.logits, answer.scores, strict=True
                )
            ]
        rest = leftover((width, height), objects, self.background_gap_px)
        in_order = iter(objects)
        return tuple(next(in_order) if found.kind == "object" else rest for found in request.found)

    def _within(self, found: Found, mask: Bitmap) -> Bitmap:
        if self.reach_frac is None:
            return mask
        height, width = mask.shape
        box = found.box.clipped(width, height)
        reach_x, reach_y = (round(side * self.reach_frac) for side in (box.width, box.height))
        allowed = Box(
            box.x0 - reach_x, box.y0 - reach_y, box.x1 + reach_x, box.y1 + reach_y
        ).clipped(width, height)
        kept = np.zeros_like(mask)
        kept[allowed.slices] = mask[allowed.slices]
        return kept


def decoded(
    maps: "Sequence[torch.Tensor]",
    boxes: Sequence[Floats],
    at_once: int,
    decode: "Callable[[Sequence[torch.Tensor], Floats], tuple[torch.Tensor, torch.Tensor]]",
) -> list[Answers]:
    """Answers to all boxes of a batch, image by image and a few boxes at a time.

    Args:
        maps: Feature maps, images x channels x height x width.
        boxes: For each image n x 4, at least one.
        at_once: How many boxes of an image are decoded together.
        decode: Takes one image's maps and some of its boxes; gives mask logits, n x height x width,
            and predicted IoUs, n.
    """
    answers = []
    for index, own in enumerate(boxes):
        one = [each[index : index + 1] for each in maps]
        parts = [decode(one, own[start : start + at_once]) for start in range(0, len(own), at_once)]
        logits, scores = (
            np.concatenate([part.float().cpu().numpy() for part in column])
            for column in zip(*parts, strict=True)
        )
        answers.append(Answers(logits=logits, scores=scores))
    return answers


def _objects(request: SegmentRequest) -> list[Found]:
    return [found for found in request.found if found.kind == "object"]


def _relative(found: Found, image: Rgb) -> tuple[float, float, float, float]:
    height, width = image.shape[:2]
    box = found.box.clipped(width, height)
    if box.area_px == 0:
        detail = f"box {found.box} of {found.name!r} lies outside the {width} x {height} image"
        raise FaultError(Reason.EMPTY_MASK, detail)
    return box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height


def _native(logits: Floats, width: int, height: int) -> Bitmap:
    """Interpolated before it is cut at 0, so that the edge is finer than the network's pixels."""
    full = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0, np.bool_)
