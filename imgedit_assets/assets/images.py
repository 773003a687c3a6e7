"""Images that are fit for editing."""

from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.assets.sources import source_images
from imgedit_assets.partitions import shards
from imgedit_assets.stages.image_embeddings import ImageEmbeddings
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.measured_images import MeasuredImages

measured_images = row_asset(
    MeasuredImages,
    group="images",
    partitions=shards,
    deps=[source_images],
    description="What models say of each source image, of those as well that the filter rejects: "
    "its aesthetic score, how unsafe it is, and its perceptual hash.",
    pool="gpu",
)

filtered_images = row_asset(
    FilteredImages,
    group="images",
    partitions=shards,
    deps=[measured_images],
    # One run at a time: two would not see each other's duplicates.
    pool="deduplication",
    description="Measured images that reach the profile's thresholds: large, pleasing and safe "
    "enough, and neither an exact nor a near duplicate of an earlier one.",
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
