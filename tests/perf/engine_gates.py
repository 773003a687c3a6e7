"""The engine against the public pipeline's shape: decode, wait for the GPU, encode PNG, repeat."""

import io
import time
from collections.abc import Iterator, Sequence

import numpy as np
from gates import Measured, seconds
from PIL import Image

from models.faults import Fault
from models.geometry import Box, Rgb
from models.paint.base import Painting
from models.versions import Patch
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.stage import Output, Work
from resources.recipes import Recipe

GPU_S = 1.36
"""One FLUX.1 Fill image of 12 steps on a good GPU; a stub sleeps so long."""

ITEMS = 12


def _picture() -> Rgb:
    """A noisy photograph of 1024 x 1536: noise is what makes encoders work."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 1024 * 1536 * 3).reshape(1024, 1536, 3)
    return (smooth + rng.normal(20, 8, smooth.shape)).clip(0, 255).astype(np.uint8)


def _png(image: Rgb) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


class StubPainting:
    """Decodes, sleeps as long as a GPU would work, encodes a patch."""

    batch_size = 1

    def setup(self) -> None:
        """Nothing to load."""

    def prepare(self, work: Work[bytes]) -> Rgb:
        """Decode."""
        return np.asarray(Image.open(io.BytesIO(work.payload)))

    def process(self, batch: Sequence[tuple[Work[bytes], Rgb]]) -> Sequence[Rgb | Fault]:
        """Wait for the device."""
        time.sleep(GPU_S)
        return [image for _, image in batch]

    def finish(self, work: Work[bytes], result: Rgb) -> Output:
        """Encode the painted region."""
        height, width = result.shape[:2]
        alpha = np.zeros((height, width), np.bool_)
        alpha[height // 4 : height // 2, width // 4 : width // 2] = True
        painting = Painting(box=Box.canvas(width, height), rgb=result, alpha=alpha)
        Patch.of(painting, lossless=True)
        return Output()


def _serial(data: bytes) -> None:
    """The public pipeline's shape: full PNGs of source, mask and result at every item."""
    for _ in range(ITEMS):
        image = np.asarray(Image.open(io.BytesIO(data)))
        time.sleep(GPU_S)
        for _ in range(3):
            _png(image)


def engine_driver() -> Iterator[Measured]:
    """Speed against the serial driver, and the share of time the device is busy."""
    data = _png(_picture())
    recipe = Recipe(stage="stub", version="1")
    work = [
        Work(parents=(str(i),), recipe=recipe, payload=data, subject="") for i in range(ITEMS)
    ]
    clock = EngineClock(lanes=1)
    ours = seconds(lambda: list(LocalEngine(lanes=1).run(StubPainting(), work, clock)))
    theirs = seconds(lambda: _serial(data))
    steady = clock.busy_s / (ITEMS * GPU_S)
    detail = f"{ours / ITEMS:.2f} s an item against {theirs / ITEMS:.2f} s"
    yield Measured(name="engine_driver", ratio=theirs / ours, detail=detail)
    yield Measured(name="engine_busy", ratio=clock.busy_frac, detail=f"stub exactness {steady:.3f}")
