"""Regions: what an image shows, where, and which of it can be edited."""

from imgedit_assets.assets.images import filtered_images
from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.partitions import shards
from imgedit_assets.stages.captions import Captions
from imgedit_assets.stages.detections import Detections
from imgedit_assets.stages.editable_regions import EditableRegions
from imgedit_assets.stages.masks import Masks
from imgedit_assets.stages.measured_regions import MeasuredRegions

captions = row_asset(
    Captions,
    group="regions",
    partitions=shards,
    deps=[filtered_images],
    description="A caption for each image, with its object nouns and background nouns.",
)

detections = row_asset(
    Detections,
    group="regions",
    partitions=shards,
    deps=[captions],
    description="A named box for each object found, and the backgrounds.",
    pool="gpu",
)

masks = row_asset(
    Masks,
    group="regions",
    partitions=shards,
    deps=[detections],
    kinds=frozenset({"opencv"}),
    description="A mask (COCO RLE) for each box. On studio scenes its IoU with the truth is "
    "measured.",
    pool="gpu",
)

measured_regions = row_asset(
    MeasuredRegions,
    group="regions",
    partitions=shards,
    deps=[masks],
    description="The embedder's crop score of each mask, of those as well that the gate rejects; "
    "empty where the profile binds no embedder.",
    pool="gpu",
)

editable_regions = row_asset(
    EditableRegions,
    group="regions",
    partitions=shards,
    deps=[measured_regions],
    description="Masks that pass the region gate: area share, mask score, crop score.",
)
