"""Images by their embeddings: the nearest to a vector, and pairs that are nearly the same.

Vectors of two recipes lie in different spaces, so everything here is asked of one recipe.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.embed.vector import Vector
from resources.filters import one_of, quoted
from resources.schema import FilteredImage, Head, ImageEmbedding, Row
from resources.store import Store
from resources.vectors import pack

R = TypeVar("R", bound=Row)

_ROWS_PER_BLOCK = 2_048
"""Rows that are compared with all later ones at once: 8 MB for each thousand of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """An image that was found."""

    image: FilteredImage
    similarity: float
    """Cosine, -1 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPair:
    """Two images that are nearly the same."""

    first: FilteredImage
    second: FilteredImage
    similarity: float
    """Cosine, -1 to 1."""


def nearest_images(
    store: Store, vector: Vector, *, recipe_id: str, limit: int, without: str = ""
) -> list[Similar]:
    """The current images whose embeddings are nearest to a vector, nearest first.

    Args:
        store: Where they are.
        vector: Of the same embedder.
        recipe_id: The embeddings' recipe.
        limit: The most images that are returned.
        without: An image that is left out: the one that others are to resemble.
    """
    packed, where = pack(vector), f"recipe_id = {quoted(recipe_id)}"
    if without:
        where += f" AND image_id != {quoted(without)}"
    asked = limit
    while True:
        rows = store.nearest(ImageEmbedding, packed, where=where, limit=asked)
        distances = dict(zip(rows["id"], rows["_distance"], strict=True))
        found = _with_images(store, distances)
        # Rows that left the graph are deleted soon after; until then they take up places.
        if len(found) >= limit or rows.height < asked:
            return found[:limit]
        asked *= 4


def similar_pairs(
    store: Store, *, recipe_id: str, min_similarity: float, max_hash_bits: int
) -> tuple[list[tuple[str, str, float]], int]:
    """Pairs of current images that are nearly the same, most similar first.

    Vectors alone also bring together what merely shows the same kind of thing, so the perceptual
    hashes have a word.

    Each is compared with each, which is exact: 5 s among 10,000 images of 1,024 numbers on two
    cores, and four times that for twice as many.

    Returns:
        Ids of both images and their cosine; and how many images were compared.
    """
    columns = ["image_id", "recipe_id", "width", "vector"]
    rows = store.frame(ImageEmbedding.TABLE, columns)
    rows = rows.filter(rows["recipe_id"] == recipe_id)
    if rows.is_empty():
        return [], 0
    vectors = rows["vector"].to_numpy()[:, : rows["width"].item(0)]
    ids = rows["image_id"].to_list()
    images = store.frame(FilteredImage.TABLE, ["id", "phash"])
    hashes = {image: int(phash, 16) for image, phash in images.iter_rows()}
    pairs = [
        (ids[i], ids[j], s)
        for i, j, s in _close(vectors, min_similarity)
        if {ids[i], ids[j]} <= hashes.keys()
        and (hashes[ids[i]] ^ hashes[ids[j]]).bit_count() <= max_hash_bits
    ]
    return sorted(pairs, key=lambda pair: -pair[2]), len(ids)


def of_image(store: Store, image_id: str, *, recipe_id: str) -> ImageEmbedding | None:
    """The current embedding of an image, or None."""
    where = f"image_id = {quoted(image_id)} AND recipe_id = {quoted(recipe_id)}"
    current = _current(store, store.select(ImageEmbedding, where))
    return current[0] if current else None


def named_pairs(store: Store, pairs: Sequence[tuple[str, str, float]]) -> list[SimilarPair]:
    """The images of some pairs; pairs of which one has left the pool are left out."""
    wanted = list({image_id for first, second, _ in pairs for image_id in (first, second)})
    rows = list(store.by_ids(FilteredImage, wanted).values())
    images = {row.id: row for row in _current(store, rows)}
    return [
        SimilarPair(first=images[first], second=images[second], similarity=similarity)
        for first, second, similarity in pairs
        if first in images and second in images
    ]


def _with_images(store: Store, distances: dict[str, float]) -> list[Similar]:
    rows = _current(store, list(store.by_ids(ImageEmbedding, list(distances)).values()))
    images = store.by_ids(FilteredImage, [row.image_id for row in rows])
    current = {image.id: image for image in _current(store, list(images.values()))}
    found = [
        Similar(image=current[row.image_id], similarity=1 - distances[row.id])
        for row in rows
        if row.image_id in current
    ]
    return sorted(found, key=lambda similar: (-similar.similarity, similar.image.id))


def _current(store: Store, rows: Sequence[R]) -> list[R]:
    """Those of some rows that their partitions list."""
    partitions = {row.place.id for row in rows}
    if not partitions:
        return []
    heads = store.select(Head, one_of("id", sorted(partitions)))
    listed = {row_id for head in heads for row_id in head.row_ids}
    return [row for row in rows if row.id in listed]


def _close(vectors: NDArray[np.float16], min_similarity: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of rows with a cosine of at least so much, each once."""
    units = vectors.astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    for start in range(0, len(units), _ROWS_PER_BLOCK):
        block = units[start : start + _ROWS_PER_BLOCK] @ units[start:].T
        for i, j in np.argwhere(np.triu(block >= min_similarity, k=1)):
            yield start + int(i), start + int(j), float(block[i, j])
