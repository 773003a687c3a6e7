"""The region gate over what was measured."""

import numpy as np
import pytest

from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.editable_regions import EditableRegions
from models.images import encode_jpeg
from models.masks import Rle
from models.regions.thresholds import GateThresholds
from resources.factory import Factory
from resources.schema import EditableRegion, Reject, Version
from tests.imgedit_assets.lineages import SHARD, blank, row, row_id, write

SIDE_PX = 100
IMAGE_ID, ROOT = row_id("filtered_images", "a"), "a0" * 12


@pytest.fixture
def measured(factory: Factory) -> Factory:
    """Masks of a tenth of an image, by what is known of them: mask score and crop score."""
    bitmap = np.zeros((SIDE_PX, SIDE_PX), np.bool_)
    bitmap[:10] = True
    shape = {"width": SIDE_PX, "height": SIDE_PX, "rle": Rle.encode(bitmap).counts}
    jpeg = encode_jpeg(np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8))
    factory.store.insert(Version, [blank(Version, id=ROOT, codec="source", payload=jpeg)])
    of = {"image_id": IMAGE_ID, "kind": "object"}
    rows = [row("filtered_images", "a", version_id=ROOT)]
    for name, mask, crop in (("drawn", 0.1, 0.9), ("good", 0.9, None), ("poor", 0.1, None)):
        scores = {"area_frac": 0.1, "mask_score": mask}
        rows += [
            row("masks", name, name=name, **of, **shape, **scores),
            row("measured_regions", name, [row_id("masks", name)], crop_score=crop, **of),
        ]
    write(factory.store, rows)
    return factory


def gated(factory: Factory, thresholds: GateThresholds) -> tuple[PartitionReport, dict[str, str]]:
    """The gate's report, and the ids of what passes by name."""
    profile = factory.profile.model_copy(update={"regions": thresholds})
    stage = EditableRegions(Factory(store=factory.store, profile=profile), shard=SHARD)
    report = materialise(stage)
    return report, {r.name: r.id for r in factory.store.current(EditableRegion, shard=SHARD)}


def test_where_the_embedder_could_not_tell_the_mask_decides(measured: Factory) -> None:
    report, passed = gated(measured, GateThresholds())
    assert passed.keys() == {"drawn", "good"}
    assert report.rejects == {"low_mask_score": 1}
    (row,) = (r for r in measured.store.current(EditableRegion, shard=SHARD) if r.name == "drawn")
    assert (row.crop_score, row.area_frac, row.version_id) == (0.9, 0.1, ROOT)


def test_a_moved_threshold_decides_again_and_what_passes_keeps_its_id(measured: Factory) -> None:
    _, before = gated(measured, GateThresholds())
    report, after = gated(measured, GateThresholds(object_min_crop_score=0.95))
    assert after == {"good": before["good"]}
    assert report.rejects == {"low_mask_score": 1, "low_crop_score": 1}
    detail = "crop score 0.900, below 0.95; mask score 0.100, below 0.8"
    assert detail in [r.detail for r in measured.store.select(Reject)]
    _, again = gated(measured, GateThresholds(object_min_mask_score=0.1))
    assert again.keys() == {"drawn", "good", "poor"}
    assert before.items() <= again.items()
