"""The pictures of a row: an image with what is edited outlined, the result, the reference."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Bitmap, Box, Rgb
from models.images import encode_jpeg, thumbnail
from models.masks import Rle
from resources.lance_tables import StoreError
from resources.schema import (
    BoxRow,
    Caption,
    Dialogue,
    FilteredImage,
    ImportedPair,
    Instruction,
    MaskRow,
    OutputRow,
    PairRow,
    Row,
)
from resources.store import Store

PICTURE_PX = 360
"""Long side."""

MAX_PICTURE_BYTES = 30_000
MAX_PAGE_BYTES = 260_000
"""Of all pictures together: base64 makes a third more of it, within 400 KB for the page."""

QUALITIES = (85, 70, 50, 30, 15)

RIM, OUTLINE = (255, 255, 255), (255, 0, 200)
"""Seen on any picture: a bright line on a white rim."""

LEAST_SHARE = 0.25
"""A pixel of the small picture is inside when so much of it is: a thin object keeps its outline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture under its caption; None where the store has it no more."""

    caption: str
    image: Rgb | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Pictures side by side."""

    title: str
    panels: tuple[Panel, ...]


def strips(store: Store, row: Row) -> Iterator[Strip]:
    """The pictures of a row; of a dialogue's turn, those of every turn."""
    if isinstance(row, PairRow):
        for turn in _turns(store, row):
            title = f"Turn {turn.turn}: {turn.instruction}" if turn.turns > 1 else ""
            yield Strip(title=title, panels=tuple(_sides(store, turn)))
    elif isinstance(row, ImportedPair):
        yield Strip(title="", panels=tuple(_sides(store, row)))
    elif isinstance(row, OutputRow):
        sides = ((row.source_version_id, "what was given"), (row.target_version_id, "the output"))
        panels = tuple(_panel(store, version, caption) for version, caption in sides if version)
        yield Strip(title="", panels=panels)
    elif version := _version(store, row):
        yield Strip(title="", panels=(_panel(store, version, "image", *_outlined(row)),))


def data_uri(image: Rgb, *, pictures: int) -> str:
    """A small JPEG as a data URI, small enough for a page of so many pictures."""
    most = min(MAX_PICTURE_BYTES, MAX_PAGE_BYTES // max(1, pictures))
    tried = (encode_jpeg(image, quality) for quality in QUALITIES)
    jpeg = next((j for j in tried if len(j) <= most), b"") or encode_jpeg(image, QUALITIES[-1])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _turns(store: Store, row: PairRow) -> list[PairRow]:
    """The pairs of the row's dialogue, in order; of a single edit, itself."""
    if row.turns == 1:
        return [row]
    where = row.place.where_rows
    rows = [r for r in store.select(type(row), where) if r.instruction_id == row.instruction_id]
    return sorted(rows, key=lambda turn: turn.turn)


def _sides(store: Store, row: PairRow | ImportedPair) -> Iterator[Panel]:
    masks = _masks(row.masks, row.width, row.height)
    outlined = ", what is edited outlined" if masks else ""
    yield _panel(store, row.source_version_id, f"source{outlined}", *masks)
    yield _panel(store, row.target_version_id, "target")
    if row.reference_version_id:
        yield _panel(store, row.reference_version_id, "reference")


def _version(store: Store, row: Row) -> str:
    """The version that a row is about; empty where it is about none."""
    if isinstance(row, BoxRow | Caption):
        images = store.by_ids(FilteredImage, [row.image_id])
        return images[row.image_id].version_id if images else ""
    version: str = getattr(row, "version_id", "")
    return version


def _outlined(row: Row) -> Sequence[Bitmap | Box]:
    if isinstance(row, MaskRow):
        return [row.mask.decode()]
    if isinstance(row, BoxRow):
        return [row.box]
    if isinstance(row, Instruction | Dialogue):
        return _masks(row.masks, row.width, row.height)
    return []


def _masks(counts: Sequence[str], width: int, height: int) -> list[Bitmap]:
    return [Rle(counts=c, width=width, height=height).decode() for c in counts]


def _panel(store: Store, version_id: str, caption: str, *outlines: Bitmap | Box) -> Panel:
    try:
        whole = store.render(version_id)
    except StoreError:
        return Panel(caption=caption, image=None)
    image = thumbnail(whole, PICTURE_PX)
    for outline in outlines:
        if isinstance(outline, Box):
            inside = np.zeros(whole.shape[:2], np.bool_)
            inside[outline.slices] = True
            image = _with_outline(image, inside)
        else:
            image = _with_outline(image, outline)
    return Panel(caption=caption, image=image)


def _with_outline(image: Rgb, mask: Bitmap) -> Rgb:
    """The picture with the mask's outline on it."""
    height, width = image.shape[:2]
    shares = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    inside = (shares >= LEAST_SHARE).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = image.copy()
    for colour, thickness in ((RIM, 5), (OUTLINE, 2)):
        cv2.drawContours(drawn, contours, -1, colour, thickness, cv2.LINE_AA)
    return drawn
