"""Patches of any size: what goes in comes out, and what a codec cannot hold is split."""

import io

import numpy as np
import pytest
from PIL import Image

from models.geometry import Box, Rgb
from models.painting import Painting
from models.versions import TILE_PX, Codec, Patch, render

RNG = np.random.default_rng(3)


def png(rgb: Rgb) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def painted(width: int, height: int, *, box: Box | None = None) -> Painting:
    """Grey noise over a box, every seventh column of it unclaimed."""
    box = box or Box.canvas(width, height)
    grey = RNG.integers(0, 256, (box.height, box.width, 1), dtype=np.uint8)
    alpha = np.ones((box.height, box.width), np.bool_)
    alpha[:, 3::7] = False
    return Painting(box=box, rgb=np.repeat(grey, 3, axis=2), alpha=alpha)


def pasted(painting: Painting, root: Rgb) -> Rgb:
    wanted = root.copy()
    np.copyto(wanted[painting.box.slices], painting.rgb, where=painting.alpha[..., None])
    return wanted


@pytest.mark.parametrize(
    ("width", "height"),
    [(TILE_PX, 5), (TILE_PX + 1, 5), (5, TILE_PX + 1), (20_000, 9), (9, 70_000)],
)
def test_a_lossless_patch_of_any_side_comes_back_to_the_bit(width: int, height: int) -> None:
    root = np.full((height, width, 3), 7, np.uint8)
    painting = painted(width, height)
    patch = Patch.of(painting, lossless=True)
    assert patch.codec is Codec.LOSSLESS
    np.testing.assert_array_equal(render(png(root), [patch]), pasted(painting, root))


def test_a_patch_of_several_tiles_lies_where_its_box_says() -> None:
    root = RNG.integers(0, 256, (TILE_PX + 90, TILE_PX + 300, 3), dtype=np.uint8)
    painting = painted(0, 0, box=Box(11, 5, TILE_PX + 211, TILE_PX + 66))
    patch = Patch.of(painting, lossless=True)
    np.testing.assert_array_equal(render(png(root), [patch]), pasted(painting, root))


def test_grain_that_overflows_one_lossy_webp_is_held() -> None:
    # 16 megapixels of noise: one WebP ends in "encoding error 6" (partition 0 overflow).
    side = 4000
    painting = painted(side, side)
    canvas = np.full((side, side, 3), 7, np.uint8)
    Patch.of(painting, lossless=False).paste(canvas)
    assert (canvas[~painting.alpha] == 7).all()
    seen = painting.alpha.copy()
    seen[:, 2::7] = seen[:, 4::7] = False
    error = np.abs(canvas[seen].astype(np.int16) - painting.rgb[seen])
    assert error.mean() < 4


@pytest.mark.parametrize("harm", ["short", "long", "wide", "beyond the canvas"])
def test_a_payload_that_does_not_fill_its_box_is_no_picture(harm: str) -> None:
    patch = Patch.of(painted(TILE_PX + 8, 8), lossless=True)
    first = patch.payload[: 8 + int.from_bytes(patch.payload[4:8], "little")]
    payload = {"short": first, "long": patch.payload + first}.get(harm, patch.payload)
    box = Box(0, 0, TILE_PX - 8 * (harm == "wide") + 8 * (harm != "wide"), 8)
    canvas = np.zeros((8 - 2 * (harm == "beyond the canvas"), box.width, 3), np.uint8)
    with pytest.raises(ValueError, match=f"a patch of {box.width} x 8 px"):
        Patch(box=box, codec=patch.codec, payload=payload).paste(canvas)


def test_what_is_pasted_leaves_the_next_picture_of_the_root_as_it_was() -> None:
    root = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    data = png(root)
    render(data, [Patch.of(painted(50, 40), lossless=True)])[:] = 0
    np.testing.assert_array_equal(render(bytes(bytearray(data))), root)
