"""Sources: images and frames as they came."""

from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.partitions import shards
from imgedit_assets.stages.imported import ImportedPairs
from imgedit_assets.stages.sources import SourceImages, VideoFrames

source_images = row_asset(
    SourceImages,
    group="sources",
    partitions=shards,
    description="Images as they came: the bytes, what their header says, and their annotation. "
    "Register more with `imgedit run --images FOLDER`; a shard that is only added here holds none.",
)

video_frames = row_asset(
    VideoFrames,
    group="sources",
    partitions=shards,
    description="Frames of video clips and of studio sequences, for motion pairs.",
)

imported_pairs = row_asset(
    ImportedPairs,
    group="sources",
    partitions=shards,
    description="Pairs of a release, ours or somebody else's, as they came. "
    "Register them with `imgedit import FOLDER`; they are then scored and filtered like ours.",
)
