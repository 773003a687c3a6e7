"""Photographs through the engine: decoding, computing and encoding beside each other."""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from models.faults import Fault
from models.geometry import Rgb
from models.images import encode_jpeg
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.stage import Output, Work
from resources.recipes import Recipe

Item = TypeVar("Item")
Result = TypeVar("Result")

LANES = 2
"""On one device, as the profiles have it: one prepares while the other computes."""


def photographs(count: int, height: int, width: int) -> list[bytes]:
    """JPEGs with soft shapes and the fine grain that decoders work on."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, height * width * 3).reshape(height, width, 3)
    made = []
    for _ in range(count):
        pixels = (smooth + rng.normal(20, 8, smooth.shape)).clip(0, 255).astype(np.uint8)
        made.append(encode_jpeg(pixels, quality=95))
    return made


def photographs_for(items: int, short_side: int) -> list[bytes]:
    """A few distinct ones again and again: drawing a thousand takes longer than looking at them."""
    drawn = photographs(min(items, 8), short_side, short_side * 3 // 2)
    return [drawn[i % len(drawn)] for i in range(items)]


def opened(data: bytes) -> Image.Image:
    """A photograph as tutorials open one."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def saved(image: Image.Image) -> bytes:
    """A result as tutorials save one."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing(Generic[Item, Result]):
    """A stage of the engine made of three functions."""

    batch_size: int
    readers: int = 0
    decode: Callable[[int, bytes], Item]
    """Of a photograph with its number."""
    compute: Callable[[Sequence[Item]], Sequence[Result | Fault]]
    encode: Callable[[Result], object]

    def setup(self) -> None:
        """The networks are made already."""

    def pixels(self, work: Work[bytes]) -> int:
        return 0

    def prepare(self, work: Work[bytes]) -> Item:
        """Decode."""
        return self.decode(int(work.parents[0]), work.payload)

    def process(self, batch: Sequence[tuple[Work[bytes], Item]]) -> Sequence[Result | Fault]:
        """Compute."""
        return self.compute([item for _, item in batch])

    def finish(self, work: Work[bytes], result: Result) -> Output:
        """Encode."""
        self.encode(result)
        return Output()


def through_engine(stage: Computing[Item, Result], images: Sequence[bytes]) -> EngineClock:
    """Run all images.

    Raises:
        RuntimeError: One of them became a fault, so that what was timed is not the work.
    """
    recipe = Recipe(stage="perf", version="1")
    work = [
        Work(parents=(str(i),), recipe=recipe, payload=image, subject="")
        for i, image in enumerate(images)
    ]
    clock = EngineClock(lanes=LANES)
    engine = LocalEngine(lanes=LANES, readers=max(2, (os.cpu_count() or 2) // 2))
    faults = [
        f for batch in engine.run(stage, work, clock) for one in batch for f in one.output.faults
    ]
    if faults:
        msg = f"{len(faults)} of {len(work)} items failed, first: {faults[0].detail}"
        raise RuntimeError(msg)
    return clock


def centred(
    height: int, width: int, side: int
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """A mask of a square in the middle."""
    mask = np.zeros((height, width), np.bool_)
    top, left = (height - side) // 2, (width - side) // 2
    mask[top : top + side, left : left + side] = True
    return mask


def as_mask(mask: Rgb) -> Image.Image:
    """A mask as pipelines take it from PIL."""
    return Image.fromarray(mask.astype(np.uint8) * 255, "L")
