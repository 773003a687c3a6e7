"""Every table and every column. A table is a dataclass; its Arrow schema follows from its fields.

Times are UTC. Boxes are `xyxy` in pixels of the upright image. Masks are COCO RLE counts with the
image size beside them.
"""

from resources.schema import benchmark, images, pairs, regions
from resources.schema.benchmark import (
    BenchmarkCase,
    BenchmarkOutput,
    BenchmarkScore,
    FakeScore,
    OutputRow,
)
from resources.schema.dataset import (
    Collection,
    Quarantine,
    Rendition,
    Review,
)
from resources.schema.images import (
    VECTOR_WIDTH,
    Caption,
    FilteredImage,
    ImageEmbedding,
    ImportedPair,
    MeasuredImage,
    SourceImage,
    StoredVector,
    VideoFrame,
)
from resources.schema.pairs import (
    AcceptedPair,
    Dialogue,
    EditPair,
    Instruction,
    JudgeProbe,
    PairRow,
    RetriedPair,
    ScoredPair,
    ScoredRow,
)
from resources.schema.rating import Campaign, CampaignItem, Rater, Rating
from resources.schema.regions import (
    BoxRow,
    Detection,
    EditableRegion,
    Mask,
    MaskRow,
    MeasuredRegion,
)
from resources.schema.rows import (
    ASSET_ROWS,
    EditRow,
    Partition,
    Placed,
    Record,
    Row,
    ShardRow,
)
from resources.schema.work import (
    Head,
    RecipeRow,
    Reject,
    Sheet,
    SourceItemRow,
    Unit,
    Version,
)

__all__ = [
    "ASSET_ROWS",
    "VECTOR_WIDTH",
    "AcceptedPair",
    "BenchmarkCase",
    "BenchmarkOutput",
    "BenchmarkScore",
    "BoxRow",
    "Campaign",
    "CampaignItem",
    "Caption",
    "Collection",
    "Detection",
    "Dialogue",
    "EditPair",
    "EditRow",
    "EditableRegion",
    "FakeScore",
    "FilteredImage",
    "Head",
    "ImageEmbedding",
    "ImportedPair",
    "Instruction",
    "JudgeProbe",
    "Mask",
    "MaskRow",
    "MeasuredImage",
    "MeasuredRegion",
    "OutputRow",
    "PairRow",
    "Partition",
    "Placed",
    "Quarantine",
    "Rater",
    "Rating",
    "RecipeRow",
    "Record",
    "Reject",
    "Rendition",
    "RetriedPair",
    "Review",
    "Row",
    "ScoredPair",
    "ScoredRow",
    "ShardRow",
    "Sheet",
    "SourceImage",
    "SourceItemRow",
    "StoredVector",
    "Unit",
    "Version",
    "VideoFrame",
]


def _in_order(declared: dict[str, type[Row]]) -> dict[str, type[Row]]:
    ordered: dict[str, type[Row]] = {}

    def visit(table: str) -> None:
        for parent in declared[table].PARENTS:
            visit(parent)
        ordered.setdefault(table, declared[table])

    for table in declared:
        visit(table)
    return ordered


ASSET_ROWS.update(
    _in_order(
        {
            declared.TABLE: declared
            for module in (images, regions, pairs, benchmark)
            for declared in vars(module).values()
            if isinstance(declared, type)
            and issubclass(declared, Row)
            and "TABLE" in vars(declared)
        }
    )
)
