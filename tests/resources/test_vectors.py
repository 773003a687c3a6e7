"""Vectors in the store: kept to float16, found by their neighbours, with an index or without."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.faults import ImgEditError
from resources.home import Home
from resources.lance_tables import open_table, wait_for
from resources.recipes import digest
from resources.schema import VECTOR_WIDTH, FilteredImage, Head, ImageEmbedding, Row
from resources.similar import named_pairs, nearest_images, of_image, similar_pairs
from resources.store import Store
from resources.vectors import bring_vector_index_up_to_date, pack, unpack

RECIPE, OTHER = digest("recipe"), digest("another recipe")
WIDTH = 64
Vectors = NDArray[np.float32]


def random_units(rows: int, seed: int) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    units: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return units


def image(number: int, shard: str = "a") -> FilteredImage:
    return FilteredImage(
        id=digest("image", shard, str(number)),
        parent_ids=(digest("source", shard, str(number)),),
        recipe_id=digest("filter"),
        run_id="run",
        shard=shard,
        uri=f"file:///{shard}/{number}.jpg",
        version_id=digest("root", shard, str(number)),
        width=10,
        height=10,
        aesthetic=5.0,
        phash="0" * 16,
        unsafe=None,
        sha256="0",
        annotation="",
    )


def embedding(of: FilteredImage, vector: Vectors, recipe_id: str = RECIPE) -> ImageEmbedding:
    return ImageEmbedding(
        id=digest("embedding", of.id, recipe_id),
        parent_ids=(of.id,),
        recipe_id=recipe_id,
        run_id="run",
        shard=of.shard,
        image_id=of.id,
        version_id=of.version_id,
        model="test",
        width=vector.size,
        vector=pack(vector),
    )


def head(rows: Sequence[Row]) -> Head:
    return Head(
        id=rows[0].place.id,
        asset=rows[0].TABLE,
        partition=rows[0].shard,
        row_ids=tuple(row.id for row in rows),
        rejects="{}",
        figures="{}",
        units=len(rows),
        recipe_id=rows[0].recipe_id,
        seconds=1.0,
        run_id="run",
        finished_at="2026-01-01T00:00:00+00:00",
    )


def filled(folder: Path, vectors: Vectors, shard: str = "a") -> Store:
    """A store with an image for each vector, all of them current."""
    store = Store(Home.of(folder))
    images = [image(number, shard) for number in range(len(vectors))]
    rows = [embedding(of, vector) for of, vector in zip(images, vectors, strict=True)]
    store.insert(FilteredImage, images)
    store.insert(ImageEmbedding, rows)
    store.upsert(Head, [head(images), head(rows)])
    return store


def opened(store: Store) -> Any:
    """The table of embeddings, as LanceDB has it."""
    import lancedb

    return wait_for(open_table(wait_for(lancedb.connect_async(store.uri)), ImageEmbedding))


def numbers(store: Store, vector: Vectors, limit: int, recipe_id: str = RECIPE) -> list[int]:
    """Which images are found, by their numbers."""
    found = nearest_images(store, vector, recipe_id=recipe_id, limit=limit)
    return [int(one.image.uri.rpartition("/")[2].removesuffix(".jpg")) for one in found]


def test_a_row_comes_back_with_its_vector(tmp_path: Path) -> None:
    (vector,) = random_units(1, seed=0)
    store = filled(tmp_path, vector[None])
    (row,) = store.current(ImageEmbedding, shard="a")
    assert row == embedding(image(0), vector)
    np.testing.assert_allclose(unpack(row.vector, row.width), vector, atol=1e-3)
    assert "vector" not in store.frame(ImageEmbedding.TABLE).columns
    assert of_image(store, image(0).id, recipe_id=RECIPE) == row
    assert of_image(store, image(0).id, recipe_id=OTHER) is None


def test_a_vector_wider_than_the_column_is_refused() -> None:
    with pytest.raises(ImgEditError, match=str(VECTOR_WIDTH + 1)):
        pack(np.ones(VECTOR_WIDTH + 1, np.float32))


def test_the_nearest_are_found_and_ordered_by_their_cosine(tmp_path: Path) -> None:
    vectors = random_units(200, seed=1)
    store = filled(tmp_path, vectors)
    found = nearest_images(store, vectors[7], recipe_id=RECIPE, limit=5)
    cosines = vectors @ vectors[7]
    assert [f.image.id for f in found] == [image(int(i)).id for i in np.argsort(-cosines)[:5]]
    assert [f.similarity for f in found] == pytest.approx(np.sort(cosines)[::-1][:5], abs=2e-3)
    others = nearest_images(store, vectors[7], recipe_id=RECIPE, limit=5, without=image(7).id)
    assert [f.image.id for f in others] == [image(int(i)).id for i in np.argsort(-cosines)[1:6]]


def test_an_index_ranks_as_comparing_with_each_does(tmp_path: Path) -> None:
    vectors = random_units(2_000, seed=2)
    store = filled(tmp_path, vectors)
    table = opened(store)
    wait_for(bring_vector_index_up_to_date(table, "vector", wholly=True, least_rows=1_000))
    (index,) = wait_for(table.list_indices())
    assert index.columns == ["vector"]
    hits, queries = 0, vectors[::100]
    for query in queries:
        found, true = numbers(store, query, 10), np.argsort(-(vectors @ query))[:10]
        assert found[0] == true[0]
        hits += len(set(found) & set(true.tolist()))
    assert hits / (10 * len(queries)) >= 0.9


def test_an_index_is_made_again_only_when_many_rows_have_come(tmp_path: Path) -> None:
    vectors = random_units(1_400, seed=3)
    store = filled(tmp_path, vectors[:1_000])
    table = opened(store)

    def unindexed(*, wholly: bool) -> int:
        wait_for(bring_vector_index_up_to_date(table, "vector", wholly=wholly, least_rows=500))
        stats = wait_for(table.index_stats("vector_idx"))
        assert stats is not None
        return int(stats.num_unindexed_rows)

    assert unindexed(wholly=False) == 0
    for start, stop, left_growing, left in ((1_000, 1_050, 50, 50), (1_050, 1_400, 400, 0)):
        rows = [embedding(image(i), vectors[i]) for i in range(stop)]
        images = [image(i) for i in range(stop)]
        store.insert(ImageEmbedding, rows[start:])
        store.insert(FilteredImage, images[start:])
        store.upsert(Head, [head(rows), head(images)])
        wait_for(table.checkout_latest())
        assert unindexed(wholly=False) == left_growing
        assert unindexed(wholly=True) == left
        # What no index knows yet is found as well.
        assert numbers(store, vectors[stop - 1], 1) == [stop - 1]


def test_a_small_table_gets_no_index(tmp_path: Path) -> None:
    store = filled(tmp_path, random_units(50, seed=4))
    store.compact()
    assert not wait_for(opened(store).list_indices())


def test_vectors_of_another_model_are_never_found(tmp_path: Path) -> None:
    vectors = random_units(20, seed=5)
    store = filled(tmp_path, vectors)
    foreign = [embedding(image(i), vectors[0], OTHER) for i in range(20)]
    current = [embedding(image(i), v) for i, v in enumerate(vectors)]
    store.insert(ImageEmbedding, foreign)
    store.upsert(Head, [head([*current, *foreign])])
    assert numbers(store, vectors[0], 20) == np.argsort(-(vectors @ vectors[0])).tolist()
    assert similar_pairs(store, recipe_id=RECIPE, min_similarity=0.999, max_hash_bits=64) == (
        [],
        20,
    )
    pairs, _ = similar_pairs(store, recipe_id=OTHER, min_similarity=0.999, max_hash_bits=64)
    assert len(pairs) == 20 * 19 / 2


def test_only_current_rows_are_found(tmp_path: Path) -> None:
    vectors = random_units(60, seed=6)
    store = filled(tmp_path, vectors)
    nearest = np.argsort(-(vectors @ vectors[0])).tolist()
    # The half that is nearest belongs no longer; its rows are not deleted yet.
    kept = sorted(nearest[30:])
    store.upsert(Head, [head([embedding(image(i), vectors[i]) for i in kept])])
    assert numbers(store, vectors[0], 5) == nearest[30:35]
    assert similar_pairs(store, recipe_id=RECIPE, min_similarity=-1, max_hash_bits=64)[1] == 30
    # Of an image that is filtered out nothing is shown, though its embedding still stands.
    store.upsert(Head, [head([image(i) for i in range(60) if i != nearest[30]])])
    assert numbers(store, vectors[0], 5) == nearest[31:36]


def test_near_duplicates_are_found_across_shards(tmp_path: Path) -> None:
    vectors = random_units(40, seed=7)
    filled(tmp_path, vectors, "a")
    close = random_units(40, seed=8)
    close[3] = vectors[5] + 0.02 * close[3]
    close[4] = vectors[9] + 0.1 * close[4]
    close /= np.linalg.norm(close, axis=1, keepdims=True)
    store = filled(tmp_path, close, "b")
    found, compared = similar_pairs(store, recipe_id=RECIPE, min_similarity=0.95, max_hash_bits=64)
    assert compared == 80
    assert [{first, second} for first, second, _ in found] == [
        {image(5, "a").id, image(3, "b").id},
        {image(9, "a").id, image(4, "b").id},
    ]
    assert found[0][2] == pytest.approx(float(vectors[5] @ close[3]), abs=2e-3)
    store.upsert(Head, [head([image(i, "b") for i in range(40) if i != 3])])
    (left,) = named_pairs(store, found)
    assert {left.first.uri, left.second.uri} == {"file:///a/9.jpg", "file:///b/4.jpg"}
