"""Labels of a source reach its rows in pixels of the stored image."""

from pathlib import Path

import polars as pl

from imgedit_assets.harness import materialise
from imgedit_assets.stages.sources import SourceImages
from imgedit_assets.tally import scaled_labels
from models.annotation import Annotation
from models.faults import Reason
from resources.factory import Factory
from resources.registration import register
from resources.schema import Reject, SourceImage
from resources.sources.folder import FolderSource
from tests.resources.sources.test_sources_folder import coco, put


def test_labels_of_a_larger_picture_are_scaled_and_counted(
    factory: Factory, tmp_path: Path
) -> None:
    images = []
    for number, size in enumerate([(200, 100), (100, 50), (100, 100)]):
        put(tmp_path / "in" / f"{number}.png", width=100, height=50)
        images.append(
            {"id": number, "file_name": f"{number}.png", "width": size[0], "height": size[1]}
        )
    labels = [{"image_id": n, "category_id": 1, "bbox": [20, 20, 40, 20]} for n in range(3)]
    path = coco(
        tmp_path / "c.json",
        images=images,
        categories=[{"id": 1, "name": "cat"}],
        annotations=labels,
    )
    source = FolderSource(tmp_path / "in", coco=path)
    (shard,) = register(factory.store, source, shard_size=10).shards
    materialise(SourceImages(factory, shard=shard))
    frame = factory.store.table_frame(SourceImage, ["uri", "annotation", "width", "height"])
    said = [Annotation.from_json(text) for text in frame.sort("uri")["annotation"]]
    boxes = [[thing.box for thing in one.objects] for one in said]
    assert boxes == [[(10, 10, 30, 20)], [(20, 20, 60, 40)], []]
    assert said[2].left_out == 1
    whole = frame.with_columns(n_bytes=pl.lit(1))
    assert SourceImages.figures(whole)["labels_of_another_size"] == 1
    assert scaled_labels(factory.store, [shard]) == 1
    assert scaled_labels(factory.store, ["another"]) == 0
    (reject,) = factory.store.select(Reject)
    assert reject.reason == Reason.BAD_ANNOTATION
