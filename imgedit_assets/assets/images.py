"""Images that are fit for editing."""

from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.assets.sources import source_images
from imgedit_assets.partitions import shards
from imgedit_assets.stages.image_embeddings import ImageEmbeddings
from imgedit_assets.stages.images import FilteredImages

filtered_images = row_asset(
    FilteredImages,
    group="images",
    partitions=shards,
    deps=[source_images],
    # One run at a time: two would not see each other's duplicates.
    pool="deduplication",
    description="Source images that are large enough, pleasing enough, and neither an exact nor a "
    "near duplicate of an earlier one.",
)

image_embeddings = row_asset(
    ImageEmbeddings,
    group="images",
    partitions=shards,
    deps=[filtered_images],
    pool="gpu",
    description="Where each image lies in the embedder's space, with a vector index in LanceDB: "
    "`imgedit search` finds images by words, by a picture, and near duplicates of each other. "
    "Empty where the profile binds no embedder.",
)
