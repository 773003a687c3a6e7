"""The image filter: what it measured stands in the row, and thresholds are a gate over it."""

from pathlib import Path
from typing import Any

import pytest
from skimage import data

from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.sources import SourceImages
from models.images import encode_jpeg
from models.similarity.phash import perceptual_hash
from resources.factory import Factory
from resources.profile import Images
from resources.registration import register, registered_shards
from resources.schema import FilteredImage, Reject
from resources.sources.folder import FolderSource

LENIENT = Images(min_short_side_px=256, min_aesthetic=1.0)


@pytest.fixture
def shard(factory: Factory, tmp_path: Path) -> str:
    """Three photographs, one of them a copy."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, picture in (("a", data.astronaut()), ("b", data.coffee()), ("c", data.coffee())):
        quality = 70 if name == "c" else 95
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(picture, quality))
    register(factory.store, FolderSource(folder), shard_size=10)
    (shard,) = registered_shards(factory.store)
    materialise(SourceImages(factory, shard=shard))
    return shard


def filtered(
    factory: Factory, shard: str, **sections: Any
) -> tuple[PartitionReport, list[FilteredImage]]:
    """The filter's report and rows, with other sections in the profile."""
    profile = factory.profile.model_copy(update={"images": LENIENT} | sections)
    report = materialise(FilteredImages(Factory(store=factory.store, profile=profile), shard=shard))
    return report, factory.store.current(FilteredImage, shard=shard)


def test_safety_and_hash_stand_in_the_row_and_the_copy_goes(factory: Factory, shard: str) -> None:
    report, (astronaut, coffee) = filtered(factory, shard)
    # As in tests/models/safety: the JPEG changes little.
    assert astronaut.unsafe == pytest.approx(0.032, abs=0.02)
    assert coffee.unsafe == pytest.approx(0.013, abs=0.02)
    assert (int(astronaut.phash, 16) ^ perceptual_hash(data.astronaut())).bit_count() <= 4
    assert report.rejects == {"near_duplicate": 1}


def test_a_stricter_safety_limit_rejects_and_keeps_the_other_rows(
    factory: Factory, shard: str
) -> None:
    _, before = filtered(factory, shard)
    safest = min(before, key=lambda row: row.unsafe or 0)
    strict = LENIENT.model_copy(update={"max_unsafe": 0.02})
    report, after = filtered(factory, shard, images=strict)
    assert [row.id for row in after] == [safest.id]
    assert report.rejects == {"near_duplicate": 1, "unsafe": 1}
    (detail,) = (r.detail for r in factory.store.select(Reject) if r.reason == "unsafe")
    assert detail == "0.03, above 0.02"


def test_without_a_filter_the_verdict_is_empty_and_binding_one_redoes_the_rows(
    factory: Factory, shard: str
) -> None:
    unbound = {k: v for k, v in factory.profile.roles.items() if k != "safety_filter"}
    _, before = filtered(factory, shard, roles=unbound)
    assert [row.unsafe for row in before] == [None, None]
    report, after = filtered(factory, shard)
    assert report.computed == 3
    assert all(row.unsafe is not None for row in after)
    assert {row.id for row in before}.isdisjoint(row.id for row in after)
