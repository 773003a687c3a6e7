"""Contact sheets: small enough for Dagster's event log, large enough to see what went wrong."""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgedit_assets.stages.base import Picture
from models.geometry import Rgb
from models.images import encode_jpeg

MAX_SHEET_BYTES = 30_000
"""7,800 partitions of this size make an event log of 230 MB, which still opens."""

TILES_PX = (150, 126, 104, 80, 56)
"""Tile sides to try, best first, each at every quality."""
QUALITIES = (78, 60, 42, 28)
TEXT_LINES = 3
ID_CHARS = 10
"""Of a row's id: enough to ask for its lineage among millions."""
TEXT_PX = 40
GAP_PX = 6
COLUMNS_PX = 960


def contact_sheet(pictures: Sequence[Picture]) -> bytes:
    """The pictures as one JPEG of at most `MAX_SHEET_BYTES`."""
    jpeg = b""
    for tile_px in TILES_PX:
        sheet = np.asarray(_drawn(pictures, tile_px))
        for quality in QUALITIES:
            jpeg = encode_jpeg(sheet, quality)
            if len(jpeg) <= MAX_SHEET_BYTES:
                return jpeg
    return jpeg


def _drawn(pictures: Sequence[Picture], tile_px: int) -> Image.Image:
    widest = max(len(p.images) for p in pictures)
    tile_width = widest * (tile_px + 2) + GAP_PX
    fitting = max(1, min(len(pictures), COLUMNS_PX // tile_width))
    rows = -(-len(pictures) // fitting)
    columns = -(-len(pictures) // rows)
    tile_height = tile_px + TEXT_PX + GAP_PX
    sheet = Image.new("RGB", (columns * tile_width, rows * tile_height), "white")
    for i, picture in enumerate(pictures):
        x, y = i % columns * tile_width, i // columns * tile_height
        for j, image in enumerate(picture.images):
            sheet.paste(_thumbnail(image, tile_px), (x + j * (tile_px + 2), y))
        # The font that comes with Pillow has no Greek.
        said = f"{picture.id[:ID_CHARS]} {picture.text}".strip().replace("Δ", "delta ")
        text = _wrapped(said, widest * (tile_px + 2))
        ImageDraw.Draw(sheet).text((x, y + tile_px + 1), text, "black", _font(), spacing=1)
    return sheet


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(11)


def _thumbnail(image: Rgb, tile_px: int) -> Image.Image:
    """The image fitted into a tile, on grey so that white results show their edges."""
    small = Image.fromarray(image)
    small.thumbnail((tile_px, tile_px), Image.Resampling.BOX, reducing_gap=2.0)
    tile = Image.new("RGB", (tile_px, tile_px), (235, 235, 235))
    tile.paste(small, ((tile_px - small.width) // 2, (tile_px - small.height) // 2))
    return tile


@lru_cache(maxsize=4096)
def _width_px(word: str) -> float:
    return _font().getlength(word)


def _wrapped(text: str, width_px: int) -> str:
    """A few lines at most, cut with an ellipsis."""
    lines: list[list[str]] = [[]]
    left = float(width_px)
    for word in text.split():
        wide = _width_px(f"{word} ")
        if wide > left and lines[-1]:
            if len(lines) == TEXT_LINES:
                lines[-1][-1] += "…"
                break
            lines.append([])
            left = width_px
        lines[-1].append(word)
        left -= wide
    return "\n".join(map(" ".join, lines))
