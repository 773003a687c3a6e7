"""Content understanding: later turns refer to what was said instead of naming it."""

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
    name="content_understanding",
    title="Understand what a later turn refers to",
    family=Family.MULTI_TURN,
    regions=RegionRule(kind="object", max_area_frac=0.25),
    brief=Brief(
        task="The first turn names the object in full. Every later turn edits the result of the "
        "turn before and does not name the object: it says a pronoun that agrees with what the "
        "object is by then, leaves the object out, or says where it is. Only the first turn may "
        "add, only the last may remove.",
        vocabulary=Vocabulary.NONE,
        templates={},
    ),
    steps=(),
    rubric=Rubric(
        adherence="5: the object that is referred to is edited as the turn asks, on top of the "
        "turns before. 3: the right object, half done. 1: no edit, or another object was taken.",
        quality="5: shape, light and edges suit the scene. 3: plausible, with visible seams. "
        "1: deformed, smeared or floating.",
        preservation="5: what earlier turns made, and all else, is as it was. 3: small marks "
        "around the object. 1: earlier edits are lost, or other things have changed.",
    ),
    benchmark_task="multi_turn",
    operations=("add", "alter", "remove", "replace"),
    dialogue=DialogueRule(ability=Ability.UNDERSTANDING),
)
