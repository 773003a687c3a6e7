"""Edit pairs, their scores, and those good enough to keep."""

from imgedit_assets.assets.instructions import dialogues, instructions
from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.partitions import pairs
from imgedit_assets.stages.pairs import EditPairs
from imgedit_assets.stages.probes import JudgeProbes
from imgedit_assets.stages.scores import AcceptedPairs, ScoredPairs

edit_pairs = row_asset(
    EditPairs,
    group="pairs",
    partitions=pairs,
    deps=[instructions, dialogues],
    kinds=frozenset({"opencv"}),
    description="A source and a target picture for each instruction and each turn of a dialogue. "
    "Pixels outside an edit stay identical to the source's: versions are patches.",
    pool="gpu",
)

scored_pairs = row_asset(
    ScoredPairs,
    group="pairs",
    partitions=pairs,
    deps=[edit_pairs],
    description="Pairs with the judge's scores and its reason in words. Three criteria of 1 to 5, "
    "adherence capping the others. "
    "The judge column says which judge; the embedded one is a metric.",
    pool="gpu",
)

accepted_pairs = row_asset(
    AcceptedPairs,
    group="pairs",
    partitions=pairs,
    deps=[scored_pairs],
    description="Scored pairs that reach the profile's thresholds and are not in quarantine; a "
    "dialogue only if all of its turns do.",
)

judge_probes = row_asset(
    JudgeProbes,
    group="pairs",
    partitions=pairs,
    deps=[instructions],
    description="Studio results of known quality, perfect and spoiled, with the judge's scores: "
    "what the judge's precision, recall and rank correlation are measured on.",
)
