"""Add: the object is erased to make the source; the target is the untouched image."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="add",
    title="Add an object",
    family=Family.LOCAL,
    regions=RegionRule(kind="object", max_area_frac=0.25),
    brief=Brief(
        task="Ask for the named object to be put into an image that lacks it; say where, how big.",
        vocabulary=Vocabulary.NONE,
        templates={
            "terse": (
                "[Add|Insert] {article} {name}.",
                "[Add|Place|Put] {article} {name} {place}.",
                "[Add|Include|Insert] {article} {size} {name}.",
                "[Put|Place|Insert|Add] {article} {thing}.",
                "[Introduce|Bring in] {article} {thing}.",
            ),
            "plain": (
                "[Add|Put|Place] {article} {thing} of [the|this] {picture}.",
                "Please [add|insert|place] {article} {thing}.",
                "[The|This] {picture} [needs|could use] {article} {thing}.",
                "There should [also|] be {article} {thing}.",
                "I would like [to see|] {article} {thing}.",
                "[Could|Can] you [add|put] {article} {thing}?",
                "{place}, [add|place] {article} {size} {name}.",
            ),
            "detailed": (
                "Insert {article} {thing}, [matching|in keeping with] the light of the {picture}.",
                "Add {article} {thing} of the {picture} and leave all else [as it is|unchanged].",
                "There should be {article} {thing}; blend {it} in [naturally|with care].",
                "Complete the {picture} with {article} {thing}, keeping all else the same.",
                "Place {article} {thing}, with fitting light and shadow, and change nothing else.",
                "{place} of the {picture}, where there is room, add {article} {size} {name}.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.ERASE, onto="source", grow_px=8),),
    rubric=Rubric(
        adherence="5: exactly the object asked for, at the place and size named. 3: it is there, "
        "but of the wrong number, size or place. 1: nothing new, or another thing.",
        quality="5: edges, light and shadow make it part of the scene. 3: it looks pasted at a "
        "second look. 1: broken, see-through or floating.",
        preservation="5: all that it does not hide is as before. 3: small marks around it. "
        "1: other objects have moved, changed or gone.",
    ),
    benchmark_task="add",
)
