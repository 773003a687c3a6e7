"""Attention checks: items of which it is known what a careful rater says.

A copy of the source did not do what was asked. Of a studio scene, the perfect result can be drawn.
Two results that are one and the same picture are equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from imgedit_assets.rating.answers import FIRST, NEITHER, NO, TIE, Mode
from imgedit_assets.stages.pairs import decoded_masks
from imgedit_assets.stages.truth import studio_case
from models.geometry import Rgb
from models.studio.oracle import perfect_images
from models.versions import Codec
from resources.factory import Factory
from resources.filters import quoted
from resources.recipes import digest
from resources.schema import (
    Campaign,
    CampaignItem,
    EditPair,
    FilteredImage,
    Version,
    VideoFrame,
)
from resources.sources.encode import lossless
from resources.store import Store

BAD, GOOD = ("1", "2"), ("4", "5")


def checks(
    factory: Factory, mode: Mode, items: Sequence[CampaignItem], n: int
) -> tuple[list[CampaignItem], list[Version]]:
    """So many checks, by turns copies and perfect results, and the pictures that they need.

    Args:
        factory: Store and edit types.
        mode: How the campaign rates.
        items: What may be copied, or painted right; copies alone where no truth is known.
        n: How many.
    """
    made: list[CampaignItem] = []
    versions: list[Version] = []
    perfect = _perfect(factory, mode, items)
    for number, item in enumerate(islice(items, n)):
        drawn = next(perfect, None) if number % 2 else None
        if drawn is not None:
            versions += drawn[1]
        check = drawn[0] if drawn is not None else _copy(mode, item)
        # Nobody may learn from it, nor may it be told from what is really asked.
        check_id = digest("check", item.id, str(number))
        made.append(replace(check, id=check_id, row_ids=(), pair_ids=(), names=()))
    return made, versions


def _copy(mode: Mode, item: CampaignItem) -> CampaignItem:
    if mode is Mode.PAIRS:
        return replace(item, seconds=item.firsts, expected=(TIE, NEITHER))
    return replace(item, firsts=item.sources, expected=BAD if mode is Mode.SCORES else (NO,))


def _perfect(
    factory: Factory, mode: Mode, items: Sequence[CampaignItem]
) -> Iterator[tuple[CampaignItem, list[Version]]]:
    """Perfect results of studio scenes, as they are asked for; none of dialogues."""
    if mode is Mode.TURNS:
        return
    store = factory.store
    for item in items:
        pairs = store.by_ids(EditPair, item.pair_ids[:1])
        if not pairs or not (images := _drawn(factory, next(iter(pairs.values())))):
            continue
        source, target = (
            _version(item, name, image) for name, image in zip(("s", "t"), images, strict=True)
        )
        seen = replace(item, sources=(source.id,), firsts=(target.id,), expected=GOOD)
        if mode is Mode.PAIRS:
            seen = replace(seen, seconds=(source.id,), expected=(FIRST,))
        yield seen, [source, target]


def _drawn(factory: Factory, pair: EditPair) -> tuple[Rgb, Rgb] | None:
    """The perfect source and target of a pair; None where nobody knows them."""
    if pair.turn > 1 or pair.reference_version_id:
        return None
    if not (uris := _uris(factory.store, pair)):
        return None
    masks = decoded_masks(pair.masks, width=pair.width, height=pair.height)
    case = studio_case(uris, pair.operations, masks, factory.edit_types)
    if case is None:
        return None
    images = perfect_images(case)
    return images["source"], images["target"]


def _uris(store: Store, pair: EditPair) -> tuple[str, ...]:
    """Of the image that a pair was made of, or of both frames; none where it is not known."""
    found = []
    for version in dict.fromkeys((pair.root_version_id, pair.target_version_id)):
        for record in (FilteredImage, VideoFrame):
            found += store.column(record, "uri", f"version_id = {quoted(version)}")[:1]
    return tuple(found)


def _version(item: CampaignItem, name: str, image: Rgb) -> Version:
    """A picture that belongs to no row of the graph, and so is never swept away with one."""
    height, width = image.shape[:2]
    return Version(
        id=digest("version", item.id, name),
        asset=Campaign.TABLE,
        partition=item.campaign_id,
        parent_id="",
        row_id=item.id,
        codec=Codec.SOURCE,
        x0=0,
        y0=0,
        x1=width,
        y1=height,
        payload=lossless(image),
    )
