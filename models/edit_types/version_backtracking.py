"""Version backtracking: a later turn goes back to an older version and builds on it."""

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
    name="version_backtracking",
    title="Go back to an older version",
    family=Family.MULTI_TURN,
    regions=RegionRule(
        kind="object", count=2, distinct_names=True, min_gap_px=100, max_area_frac=0.25
    ),
    brief=Brief(
        task="The first turns edit one object each. A later turn says in words which version to go "
        "back to: it undoes the last change, returns to the original picture, or to how it was "
        "after the first edit; and it asks for one more edit, different from what it undoes, of "
        "an object that this version shows. What was undone is not spoken of as being there.",
        vocabulary=Vocabulary.NONE,
        templates={},
    ),
    steps=(),
    rubric=Rubric(
        adherence="5: the edit is done on the version that the turn names, and nothing of what was "
        "undone shows. 3: the edit is done, but traces of the undone change are left. 1: it is "
        "done on the wrong version, or not at all.",
        quality="5: shape, light and edges suit the scene. 3: plausible, with visible seams. "
        "1: deformed, smeared or floating.",
        preservation="5: outside the edit, all is as in the version that was named. 3: small marks "
        "or slight drift. 1: that version is not restored, or other things have changed.",
    ),
    benchmark_task="multi_turn",
    operations=("add", "replace", "alter"),
    dialogue=DialogueRule(ability=Ability.BACKTRACKING),
)
