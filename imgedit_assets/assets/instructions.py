"""Instructions and dialogues: what is to be edited, in words."""

from imgedit_assets.assets.regions import editable_regions
from imgedit_assets.assets.row_asset import row_asset
from imgedit_assets.assets.sources import imported_pairs, video_frames
from imgedit_assets.partitions import pairs
from imgedit_assets.stages.dialogues import Dialogues
from imgedit_assets.stages.instructions import Instructions

instructions = row_asset(
    Instructions,
    group="instructions",
    partitions=pairs,
    deps=[editable_regions, video_frames, imported_pairs],
    description="An instruction of at most 30 words for each selected edit, with the noun phrase "
    "of its result. The wording column says whether a grammar or a model wrote it.",
)

dialogues = row_asset(
    Dialogues,
    group="instructions",
    partitions=pairs,
    deps=[editable_regions, imported_pairs],
    description="Dialogues of two or three turns, written in one go and checked before painting: "
    "what a turn refers to is there, the version that it names exists, the premise can be seen. "
    "Only types of several turns have rows.",
)
