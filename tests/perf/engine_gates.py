"""The engine against the public pipeline's driver: one item at a time, PNGs between its parts."""

import io
import time
from collections.abc import Iterator, Sequence

import numpy as np
from gates import Measured, seconds
from PIL import Image

from models.faults import Fault
from models.geometry import Box, Rgb
from models.images import decode, encode_jpeg
from models.painting import Painting
from models.versions import Patch
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.stage import Output, Work
from resources.recipes import Recipe

GPU_S = 1.36
"""One FLUX.1 Fill image of 12 steps on a good GPU; the stub sleeps so long."""

ITEMS = 12
SERIAL_ITEMS = 4
"""Its items do not overlap, so a few tell the time of each."""

COMFYUI_PNG_LEVEL = 4
"""What ComfyUI's `SaveImage` node compresses with; the driver itself uses Pillow's default, 6."""


def _photograph() -> bytes:
    """A JPEG of 1024 x 1536 with the fine grain of a photograph: grain is what encoders work on."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 1024 * 1536 * 3).reshape(1024, 1536, 3)
    pixels = (smooth + rng.normal(20, 8, smooth.shape)).clip(0, 255).astype(np.uint8)
    return encode_jpeg(pixels, quality=95)


class StubPainting:
    """Decodes, sleeps as long as a GPU works, and encodes a quarter of the image as a patch."""

    batch_size = 1
    readers = 0

    def setup(self) -> None:
        """Nothing to load."""

    def pixels(self, work: Work[bytes]) -> int:
        return 0

    def prepare(self, work: Work[bytes]) -> Rgb:
        """Decode."""
        return decode(work.payload)

    def process(self, batch: Sequence[tuple[Work[bytes], Rgb]]) -> Sequence[Rgb | Fault]:
        """Wait for the device."""
        time.sleep(GPU_S)
        return [image for _, image in batch]

    def finish(self, work: Work[bytes], result: Rgb) -> Output:
        """Encode the painted region."""
        height, width = result.shape[:2]
        alpha = np.zeros((height, width), np.bool_)
        alpha[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
        painting = Painting(box=Box.canvas(width, height), rgb=result, alpha=alpha)
        Patch.of(painting, lossless=True)
        return Output()


def _serial(source: bytes) -> None:
    """One item of the public driver (`inpaint-workflow/dlc_remove.py`, `base_workflow.py`).

    Six PNGs are written and three read. The mask is kept; image and mask are uploaded as one RGBA;
    ComfyUI reads it, and saves the result and the source at their working size; the driver reads
    both and saves them again. Left out in its favour: the disk, HTTP, JSON, and 0.1 s of sleep
    for each message that it waits for.
    """
    image = Image.open(io.BytesIO(source)).convert("RGB")
    mask = Image.new("L", image.size)
    mask.paste(255, (200, 200, 700, 600))
    _png(mask)
    image.putalpha(mask)
    uploaded = _read(_png(image)).convert("RGB")
    time.sleep(GPU_S)
    saved = [_png(uploaded, COMFYUI_PNG_LEVEL) for _ in ("result", "source")]
    for png in saved:
        _png(_read(png))


def _png(image: Image.Image, level: int = 6) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def _read(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def engine_driver() -> Iterator[Measured]:
    """Speed against the serial driver, and the share of time that the device is busy."""
    source = _photograph()
    recipe = Recipe(stage="stub", version="1")
    work = [
        Work(parents=(str(i),), recipe=recipe, payload=source, subject="") for i in range(ITEMS)
    ]
    clock = EngineClock(lanes=1)
    ours = seconds(lambda: list(LocalEngine(lanes=1).run(StubPainting(), work, clock))) / ITEMS
    theirs = seconds(lambda: [_serial(source) for _ in range(SERIAL_ITEMS)]) / SERIAL_ITEMS
    detail = (
        f"{ours:.2f} s an item against {theirs:.2f} s, which keeps it {GPU_S / theirs:.0%} busy"
    )
    yield Measured(name="engine_driver", ratio=theirs / ours, detail=detail)
    detail = f"{ITEMS} items of {clock.busy_s / ITEMS:.3f} s in {clock.wall_s:.1f} s"
    yield Measured(name="engine_busy", ratio=clock.busy_frac, detail=detail)
