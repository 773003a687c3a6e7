"""The rows of a release: each accepted pair with its pictures encoded and its provenance told."""

import json
import logging
import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast

import polars as pl

from models.ahead import made_ahead
from models.faults import ImgEditError
from models.masks import Rle
from resources.recipes import canonical_json
from resources.releases.renditions import encode, original, union_mask
from resources.releases.sample import EncodedImage, ImageFormat, ReleaseSample
from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    Dialogue,
    EditPair,
    Instruction,
    RecipeRow,
    Rendition,
    RetriedPair,
    Row,
)
from resources.store import Store, render_chain

log = logging.getLogger(__name__)

CHUNK = 64
"""Pairs that are looked up at once."""

CHUNK_PIXELS = 100_000_000
"""Pixels of the pairs whose pictures are rendered and held at once; one pair may have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The rows that one accepted pair comes from."""

    pair: EditPair | RetriedPair
    """As it was painted: first, or further."""
    asked: Instruction | Dialogue
    recipe_ids: tuple[tuple[str, str], ...]
    """Asset and recipe id, sorted; of several rows of one asset, the first one's."""


def release_samples(store: Store, kept: pl.DataFrame) -> Generator[ReleaseSample, None, None]:
    """The samples of some candidates (`release_plan`, with `split`), in order.

    Pictures that were encoded for an earlier release are taken as they are. Whoever stops early
    closes it: the next samples are in work.

    Raises:
        ImgEditError: Another run has made some of the pairs anew since they were planned.
    """
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        closing(made_ahead(_groups(store, kept, pool), number=1)) as groups,
    ):
        try:
            for samples in groups:
                yield from samples
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _groups(
    store: Store, kept: pl.DataFrame, pool: ThreadPoolExecutor
) -> Iterator[list[ReleaseSample]]:
    """The samples, as many at a time as are rendered and held at once."""
    recipes = Recipes(store)
    for start in range(0, kept.height, CHUNK):
        facts = list(kept.slice(start, CHUNK).iter_rows(named=True))
        rows = store.by_ids(AcceptedPair, [fact["id"] for fact in facts])
        if len(rows) < len(facts):
            msg = "another run is making accepted pairs anew: start again when it has ended"
            raise ImgEditError(msg)
        known = provenances(store, list(rows.values()))
        for some in by_pixels(facts, rows):
            of = [rows[fact["id"]] for fact in some]
            pictures = renditions(store, _versions(of), pool)
            masks = pool.map(union_mask, [_masks(row) for row in of])
            yield [
                _sample(row, fact, known[row.id], pictures, mask=mask, recipes=recipes)
                for row, fact, mask in zip(of, some, masks, strict=True)
            ]


def by_pixels(
    facts: Sequence[Mapping[str, Any]], rows: Mapping[str, AcceptedPair]
) -> Iterator[list[Mapping[str, Any]]]:
    """The pairs in order, in groups of at most `CHUNK_PIXELS`, or of one."""
    some: list[Mapping[str, Any]] = []
    held = 0
    for fact in facts:
        row = rows[fact["id"]]
        if some and held + row.width * row.height > CHUNK_PIXELS:
            yield some
            some, held = [], 0
        some.append(fact)
        held += row.width * row.height
    if some:
        yield some


def renditions(
    store: Store, version_ids: Sequence[str], pool: ThreadPoolExecutor
) -> dict[str, EncodedImage]:
    """Versions as whole encoded images; what had to be rendered and encoded is kept.

    Raises:
        StoreError: The bytes of a version are not those that were stored.
    """
    kept = store.by_ids(Rendition, version_ids)
    found = {id_: row for id_, row in kept.items() if _is_sound(row)}
    images = {row.id: _image(row) for row in found.values()}
    chains = list(pool.map(store.sound_chain, [v for v in version_ids if v not in found]))
    # A root is kept as it came already.
    images |= {chain[0].id: original(chain[0].payload) for chain in chains if len(chain) == 1}
    painted = [chain for chain in chains if len(chain) > 1]
    encoded = pool.map(lambda chain: encode(render_chain(chain)), painted)
    fresh = {chain[-1].id: image for chain, image in zip(painted, encoded, strict=True)}
    store.upsert(Rendition, [_row(v, image) for v, image in fresh.items()])
    return images | fresh


def _is_sound(row: Rendition) -> bool:
    """Whether a rendition is what it was when it was stored; else it is made anew."""
    sound = sha256(row.payload).hexdigest() == row.sha256
    if not sound:
        log.warning("rendition %s is damaged in the store and was encoded again", row.id)
    return sound


def _row(version_id: str, image: EncodedImage) -> Rendition:
    return Rendition(
        id=version_id,
        format=image.format,
        width=image.width,
        height=image.height,
        sha256=image.sha256,
        payload=image.payload,
    )


def _image(row: Rendition) -> EncodedImage:
    return EncodedImage(
        payload=row.payload,
        format=cast(ImageFormat, row.format),
        width=row.width,
        height=row.height,
        sha256=row.sha256,
    )


def _versions(rows: Iterable[AcceptedPair]) -> list[str]:
    shown = (
        (r.source_version_id, r.target_version_id, r.reference_version_id, r.previous_version_id)
        for r in rows
    )
    return sorted({version for versions in shown for version in versions if version})


def _masks(row: AcceptedPair) -> list[Rle]:
    return [Rle(counts=c, height=row.height, width=row.width) for c in row.masks]


def _sample(
    row: AcceptedPair,
    fact: Mapping[str, Any],
    provenance: Provenance,
    pictures: Mapping[str, EncodedImage],
    *,
    mask: EncodedImage | None,
    recipes: "Recipes",
) -> ReleaseSample:
    went_back = row.previous_version_id != row.source_version_id
    return ReleaseSample(
        id=row.id,
        split=fact["split"],
        edit_type=row.edit_type,
        instruction=row.instruction,
        turn=row.turn,
        turns=row.turns,
        dialogue_id=row.instruction_id if row.turns > 1 else "",
        source=pictures[row.source_version_id],
        target=pictures[row.target_version_id],
        reference=pictures.get(row.reference_version_id),
        previous=pictures[row.previous_version_id] if went_back else None,
        mask=mask,
        masks=row.masks,
        boxes=tuple(rle.box for rle in _masks(row)),
        grow_px=provenance.pair.grow_px,
        operations=row.operations,
        adherence=row.adherence,
        quality=row.quality,
        preservation=row.preservation,
        score=row.score,
        dialogue_score=row.dialogue_score,
        reason=row.reason,
        judge=row.judge,
        changed_frac=row.changed_frac,
        unsafe=row.unsafe,
        seed=provenance.pair.seed,
        painter=provenance.pair.painter,
        writer=provenance.asked.writer,
        pair_id=provenance.pair.id,
        instruction_id=row.instruction_id,
        image_id=fact["image_id"] or "",
        source_row_id=fact["source_row_id"] or "",
        run_id=row.run_id,
        recipes=recipes.in_words(provenance.recipe_ids),
        source_uri=fact["uri"] or "",
        source_sha256=fact["source_sha256"] or "",
        licence=fact["licence"] or "",
        attribution=fact["attribution"] or "",
    )


def provenances(store: Store, rows: Sequence[AcceptedPair]) -> dict[str, Provenance]:
    """Where some pairs come from, by their ids; a query for each table that leads there.

    Raises:
        ImgEditError: A pair is left of rows that have been made anew since.
    """
    known = _ancestors(store, rows)
    return {row.id: _provenance(row, known) for row in rows}


def _ancestors(store: Store, rows: Sequence[Row]) -> dict[str, Row]:
    known: dict[str, Row] = {row.id: row for row in rows}
    generation: Sequence[Row] = rows
    while generation:
        wanted = {p for row in generation for p in row.parent_ids} - known.keys()
        found: dict[str, Row] = {}
        for table in dict.fromkeys(t for row in generation for t in row.PARENTS):
            if missing := sorted(wanted - found.keys()):
                found |= store.by_ids(ASSET_ROWS[table], missing)
        known |= found
        generation = list(found.values())
    return known


def _provenance(row: AcceptedPair, known: Mapping[str, Row]) -> Provenance:
    first: dict[str, Row] = {}
    todo: list[Row] = [row]
    while todo:
        one = todo.pop()
        first.setdefault(one.TABLE, one)
        todo += [known[p] for p in one.parent_ids if p in known]
    pair = first.get(RetriedPair.TABLE) or first.get(EditPair.TABLE)
    asked = first.get(Instruction.TABLE) or first.get(Dialogue.TABLE)
    if pair is None or asked is None:
        msg = f"accepted pair {row.id}: what it was made of was made anew since; run `imgedit run`"
        raise ImgEditError(msg)
    assert isinstance(pair, EditPair | RetriedPair)
    assert isinstance(asked, Instruction | Dialogue)
    return Provenance(
        pair=pair,
        asked=asked,
        recipe_ids=tuple(sorted((table, found.recipe_id) for table, found in first.items())),
    )


class Recipes:
    """The recipes of a chain in words; nearly all pairs of a shard share one text."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.in_words = lru_cache(maxsize=256)(self._in_words)

    def _in_words(self, recipe_ids: tuple[tuple[str, str], ...]) -> str:
        """JSON: for each asset the recipe's id and what it says."""
        rows = self._store.by_ids(RecipeRow, [recipe for _, recipe in recipe_ids])
        told = {
            asset: {"id": recipe, **(json.loads(rows[recipe].json) if recipe in rows else {})}
            for asset, recipe in recipe_ids
        }
        return canonical_json(told)
