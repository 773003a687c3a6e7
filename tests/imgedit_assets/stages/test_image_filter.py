"""The image filter: what was measured stands in the row, and thresholds are a gate over it."""

from pathlib import Path
from typing import Any

import pytest
from skimage import data

from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.measured_images import MeasuredImages
from imgedit_assets.stages.sources import SourceImages
from models.images import encode_jpeg, thumbnail
from models.similarity.phash import perceptual_hash
from resources.factory import Factory
from resources.profile import Images
from resources.registration import register, registered_shards
from resources.schema import FilteredImage, MeasuredImage, Reject
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
    changed = Factory(store=factory.store, profile=profile)
    materialise(MeasuredImages(changed, shard=shard))
    report = materialise(FilteredImages(changed, shard=shard))
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


@pytest.mark.parametrize(
    ("limits", "rejects", "detail"),
    [
        ({"min_short_side_px": 450}, {"too_small": 2}, "600x400, short side below 450 px"),
        ({"min_aesthetic": 10.0}, {"low_aesthetic": 3}, ", below 10.0"),
    ],
)
def test_what_the_gate_rejects_is_measured_as_well(
    factory: Factory, shard: str, limits: dict[str, float], rejects: dict[str, int], detail: str
) -> None:
    report, _ = filtered(factory, shard, images=LENIENT.model_copy(update=limits))
    assert report.rejects == rejects
    assert any(r.detail.endswith(detail) for r in factory.store.select(Reject))
    measured = factory.store.current(MeasuredImage, shard=shard)
    assert len(measured) == 3
    # A wider gate lets through what was measured then.
    _, after = filtered(factory, shard)
    assert {row.parent_ids[0] for row in after} <= {row.id for row in measured}


def test_of_duplicates_in_two_shards_the_one_let_through_first_is_kept(
    factory: Factory, tmp_path: Path
) -> None:
    shards = []
    for name, long_side_px in (("small", 450), ("large", 600)):
        (tmp_path / name).mkdir()
        picture = encode_jpeg(thumbnail(data.coffee(), long_side_px), 95)
        (tmp_path / name / "coffee.jpg").write_bytes(picture)
        shards += register(factory.store, FolderSource(tmp_path / name), shard_size=10).shards
        materialise(SourceImages(factory, shard=shards[-1]))

    def kept(**limits: int) -> list[int]:
        """How many each shard keeps, made in their order."""
        images = LENIENT.model_copy(update=limits)
        return [len(filtered(factory, shard, images=images)[1]) for shard in shards]

    assert kept() == [1, 0]
    assert kept(min_short_side_px=350) == [0, 1]
    # The large one is there already when the small one may come back.
    assert kept() == [0, 1]


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
