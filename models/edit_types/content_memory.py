"""Content memory: a premise that is given first holds in every later turn."""

from models.edit_types.spec import (
    Ability,
    Brief,
    DialogueRule,
    EditType,
    Family,
    RegionRule,
    Rubric,
    Vocabulary,
)

EDIT_TYPE = EditType(
    name="content_memory",
    title="Remember a premise over several turns",
    family=Family.MULTI_TURN,
    regions=RegionRule(
        kind="object", count=2, distinct_names=True, min_gap_px=100, max_area_frac=0.25
    ),
    brief=Brief(
        task="The first turn states a premise, one colour or material that everything edited from "
        "then on is to have, and carries out a first edit under it. Later turns name another "
        "object, or a new one to put in its place, and never say the premise again: whoever "
        "edits has to remember it. The result of every turn has that look.",
        vocabulary=Vocabulary.NONE,
        templates={},
    ),
    steps=(),
    rubric=Rubric(
        adherence="5: the turn is carried out and its result wholly has the look of the premise. "
        "3: the right edit without that look, or with only part of it. 1: no edit, or of another "
        "object.",
        quality="5: object and look are believable in the scene. 3: flat, patchy or with visible "
        "seams. 1: broken shapes, spill or noise.",
        preservation="5: what earlier turns made, and all else, is as it was. 3: slight drift near "
        "the object. 1: earlier edits are lost, or other things have changed.",
    ),
    benchmark_task="multi_turn",
    operations=("replace", "alter"),
    dialogue=DialogueRule(ability=Ability.MEMORY),
)
