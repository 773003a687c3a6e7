"""The graph of rows: one line for each asset. Its order, edges and axes follow from its record."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    BenchmarkCase,
    BenchmarkOutput,
    BenchmarkScore,
    Caption,
    Detection,
    Dialogue,
    EditableRegion,
    EditPair,
    FakeScore,
    FilteredImage,
    ImageEmbedding,
    ImportedPair,
    Instruction,
    JudgeProbe,
    Mask,
    MeasuredImage,
    MeasuredRegion,
    Partition,
    RetriedPair,
    Row,
    ScoredPair,
    SourceImage,
    VideoFrame,
)

if TYPE_CHECKING:
    from imgedit_assets.stages.base import AssetStage
    from resources.factory import Factory

GPU = "gpu"
"""The pool of the assets that a model makes."""

BENCHMARK = "benchmark"
"""The group of the assets that measure editors: of them no pair is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAsset:
    """An asset whose rows a stage makes."""

    record: type[Row]
    stage: str
    """Module and class under `imgedit_assets.stages`: loaded when rows are made, not before."""
    group: str
    """In the UI."""
    description: str
    """What exists once it is materialised."""
    kinds: frozenset[str] = frozenset()
    """Badges in the UI, beside LanceDB."""
    pool: str | None = None
    """The pool that limits how many runs of it there are at once."""

    @property
    def name(self) -> str:
        """The asset's name, which is its table's."""
        return self.record.TABLE

    def load(self) -> "type[AssetStage[Any, Any, Any]]":
        """The stage's class."""
        module, _, name = self.stage.partition(".")
        stage: type[AssetStage[Any, Any, Any]] = getattr(
            import_module(f"imgedit_assets.stages.{module}"), name
        )
        return stage


_LINES = (
    RowAsset(
        record=SourceImage,
        stage="sources.SourceImages",
        group="sources",
        description="Images as they came: the bytes, what their header says, and their "
        "annotation. Register more with `imgedit run --images FOLDER`; a shard that is only added "
        "here holds none.",
    ),
    RowAsset(
        record=VideoFrame,
        stage="sources.VideoFrames",
        group="sources",
        description="Frames of video clips and of studio sequences, for motion pairs.",
    ),
    RowAsset(
        record=ImportedPair,
        stage="imported.ImportedPairs",
        group="sources",
        description="Pairs of a release, ours or somebody else's, as they came. Register them "
        "with `imgedit import FOLDER`; they are then scored and filtered like ours.",
    ),
    RowAsset(
        record=MeasuredImage,
        stage="measured_images.MeasuredImages",
        group="images",
        pool=GPU,
        description="What models say of each source image, of those as well that the filter "
        "rejects: its aesthetic score, how unsafe it is, and its perceptual hash.",
    ),
    RowAsset(
        record=FilteredImage,
        stage="images.FilteredImages",
        group="images",
        # One run at a time: two would not see each other's duplicates.
        pool="deduplication",
        description="Measured images that reach the profile's thresholds: large, pleasing and safe "
        "enough, and neither an exact nor a near duplicate of an earlier one.",
    ),
    RowAsset(
        record=ImageEmbedding,
        stage="image_embeddings.ImageEmbeddings",
        group="images",
        pool=GPU,
        description="Where each image lies in the embedder's space, with a vector index in "
        "LanceDB: `imgedit search` finds images by words, by a picture, and near duplicates of "
        "each other. Empty where the profile binds no embedder.",
    ),
    RowAsset(
        record=Caption,
        stage="captions.Captions",
        group="regions",
        description="A caption for each image, with its object nouns and background nouns.",
    ),
    RowAsset(
        record=Detection,
        stage="detections.Detections",
        group="regions",
        pool=GPU,
        description="A named box for each object found, and the backgrounds.",
    ),
    RowAsset(
        record=Mask,
        stage="masks.Masks",
        group="regions",
        kinds=frozenset({"opencv"}),
        pool=GPU,
        description="A mask (COCO RLE) for each box. On studio scenes its IoU with the truth is "
        "measured.",
    ),
    RowAsset(
        record=MeasuredRegion,
        stage="measured_regions.MeasuredRegions",
        group="regions",
        pool=GPU,
        description="The embedder's crop score of each mask, of those as well that the gate "
        "rejects; empty where the profile binds no embedder.",
    ),
    RowAsset(
        record=EditableRegion,
        stage="editable_regions.EditableRegions",
        group="regions",
        description="Masks that pass the region gate: area share, mask score, crop score.",
    ),
    RowAsset(
        record=Instruction,
        stage="instructions.Instructions",
        group="instructions",
        description="An instruction of at most 30 words for each selected edit, with the noun "
        "phrase of its result. The wording column says whether a grammar or a model wrote it.",
    ),
    RowAsset(
        record=Dialogue,
        stage="dialogues.Dialogues",
        group="instructions",
        description="Dialogues of two or three turns, written in one go and checked before "
        "painting: what a turn refers to is there, the version that it names exists, the premise "
        "can be seen. Only types of several turns have rows.",
    ),
    RowAsset(
        record=EditPair,
        stage="pairs.EditPairs",
        group="pairs",
        kinds=frozenset({"opencv"}),
        pool=GPU,
        description="A source and a target picture for each instruction and each turn of a "
        "dialogue. Pixels outside an edit stay identical to the source's: versions are patches.",
    ),
    RowAsset(
        record=ScoredPair,
        stage="scores.ScoredPairs",
        group="pairs",
        pool=GPU,
        description="Pairs with the judge's scores and its reason in words. Three criteria of 1 "
        "to 5, adherence capping the others. The judge column says which judge; the embedded one "
        "is a metric.",
    ),
    RowAsset(
        record=RetriedPair,
        stage="retries.RetriedPairs",
        group="pairs",
        kinds=frozenset({"opencv"}),
        pool=GPU,
        description="Further results of instructions whose first was no clear success, each with "
        "the judge's verdict: by another seed, with a larger mask, or with the turns that failed "
        "left off. None where the profile's [retries] asks for none.",
    ),
    RowAsset(
        record=AcceptedPair,
        stage="acceptance.AcceptedPairs",
        group="pairs",
        description="Of each instruction the best result that reaches the profile's thresholds and "
        "is not in quarantine; a dialogue only if all of its turns do.",
    ),
    RowAsset(
        record=JudgeProbe,
        stage="probes.JudgeProbes",
        group="pairs",
        description="Studio results of known quality, perfect and spoiled, with the judge's "
        "scores: what the judge's precision, recall and rank correlation are measured on.",
    ),
    RowAsset(
        record=BenchmarkCase,
        stage="benchmark_cases.BenchmarkCases",
        group=BENCHMARK,
        description="What a suite of the profile's [benchmark] asks: a picture with an "
        "instruction, or with the turns of a dialogue.",
    ),
    RowAsset(
        record=BenchmarkOutput,
        stage="benchmark_outputs.BenchmarkOutputs",
        group=BENCHMARK,
        pool=GPU,
        description="What an editor of the profile's [benchmark] gave for each case, epoch and "
        "turn. What it failed at is a reject. A new editor is a partition to materialise, and "
        "no other is made again.",
    ),
    RowAsset(
        record=BenchmarkScore,
        stage="benchmark_scores.BenchmarkScores",
        group=BENCHMARK,
        pool=GPU,
        description="The verdict on each output by the profile's judge and the protocol that its "
        "row names: three criteria of 1 to 5, adherence capping the others; an output that is "
        "missing counts as 1. The sheet shows the worst. Another judge or protocol asks "
        "anew, and makes no output.",
    ),
    RowAsset(
        record=FakeScore,
        stage="fake_scores.FakeScores",
        group=BENCHMARK,
        pool=GPU,
        description="How likely each output was edited, and its untouched source, by the "
        "profile's detector of edits. Recall stands beside the false-positive rate: alone it ranks "
        "nothing.",
    ),
)

GRAPH = {line.name: line for line in sorted(_LINES, key=lambda a: [*ASSET_ROWS].index(a.name))}
"""The assets that hold rows by name, each after those that it is made from."""


def stage_of(
    factory: "Factory", partition: Partition, *, run_id: str = ""
) -> "AssetStage[Any, Any, Any]":
    """What makes a partition. Its names and the factory's suffice, on any machine."""
    stage = GRAPH[partition.asset].load()
    return stage(factory, run_id=run_id, **partition.keys)
