"""Replace: the object makes room for another one at its place."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="replace",
    title="Replace an object",
    family=Family.LOCAL,
    regions=RegionRule(kind="object", max_area_frac=0.4),
    brief=Brief(
        task="Ask for the named object to become another plausible one; say where, how big.",
        vocabulary=Vocabulary.OBJECT,
        templates={
            "terse": (
                "Replace the {name} with {target}.",
                "Replace the {thing} with {target}.",
                "[Swap|Exchange] the {name} {place} for {target}.",
                "[Turn|Change] the {size} {name} into {target}.",
                "[Turn|Transform|Change] the {name} {place} into {target}.",
                "Substitute {target} for the {thing}.",
            ),
            "plain": (
                "Please replace the {thing} with {target}.",
                "Instead of the {thing}, [show|put] {target}.",
                "[Take away|Remove] the {thing} and put {target} there instead.",
                "[Could|Can] you [swap|exchange] the {thing} for {target}?",
                "The {thing} should [be|become] {target}.",
                "I would rather see {target} than the {thing}.",
                "{place}, replace the {size} {name} with {target}.",
            ),
            "detailed": (
                "Replace the {thing} with {target} of [about|roughly] the same size.",
                "Swap the {thing} for {target}, matching the light and perspective of the scene.",
                "[Take out|Remove] the {thing} and let {target} [fill|take up] the same space.",
                "Turn the {thing} into {target}, leaving everything around {it} as it is.",
                "Where the {name} can be seen {place}, put {target} instead.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.INSERT, grow_px=8),),
    rubric=Rubric(
        adherence="5: the old object is wholly gone and the one asked for stands there. 3: a blend "
        "of both, or the right kind with wrong features. 1: unchanged, or another thing.",
        quality="5: shape, scale and light suit the scene. 3: plausible, with visible seams. "
        "1: deformed, cut off or floating.",
        preservation="5: only the object's place differs. 3: its surroundings differ a little. "
        "1: the scene or other objects have changed.",
    ),
    benchmark_task="replace",
)
