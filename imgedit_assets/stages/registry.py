"""The stages in the order of the graph."""

from typing import Any

from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.captions import Captions
from imgedit_assets.stages.detections import Detections
from imgedit_assets.stages.dialogues import Dialogues
from imgedit_assets.stages.editable_regions import EditableRegions
from imgedit_assets.stages.image_embeddings import ImageEmbeddings
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.imported import ImportedPairs
from imgedit_assets.stages.instructions import Instructions
from imgedit_assets.stages.masks import Masks
from imgedit_assets.stages.measured_images import MeasuredImages
from imgedit_assets.stages.measured_regions import MeasuredRegions
from imgedit_assets.stages.pairs import EditPairs
from imgedit_assets.stages.probes import JudgeProbes
from imgedit_assets.stages.scores import AcceptedPairs, ScoredPairs
from imgedit_assets.stages.sources import SourceImages, VideoFrames

STAGES: tuple[type[AssetStage[Any, Any, Any]], ...] = (
    SourceImages,
    VideoFrames,
    ImportedPairs,
    MeasuredImages,
    FilteredImages,
    ImageEmbeddings,
    Captions,
    Detections,
    Masks,
    MeasuredRegions,
    EditableRegions,
    Instructions,
    Dialogues,
    EditPairs,
    ScoredPairs,
    AcceptedPairs,
    JudgeProbes,
)
"""Each makes the rows of one asset; a stage comes after those it reads."""
