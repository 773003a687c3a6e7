"""Style transfer: the whole image in another style or tone, its layout kept."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="style_transfer",
    title="Transfer a style or tone",
    family=Family.GLOBAL,
    regions=RegionRule(kind="image", count=0),
    brief=Brief(
        task="Ask for the whole image in another style, medium or tone; its layout stays.",
        vocabulary=Vocabulary.STYLE,
        templates={
            "terse": (
                "[Turn|Change|Transform] [this|the {picture}] into {target}.",
                "Make [it|this|the {picture}] look like {target}.",
                "[Redo|Render] [it|this|the {picture}] as {target}.",
                "In the style of {target}.",
                "Restyle the {picture} as {target}.",
            ),
            "plain": (
                "Please [turn|transform|convert] [the|this] {picture} into {target}.",
                "Give [the|this] {picture} the look of {target}.",
                "[Render|Redo] [the|this] {picture} in the style of {target}.",
                "[Could|Can] you make [the|this] {picture} look like {target}?",
                "I would like [the|this] {picture} to look like {target}.",
                "The whole {picture} should look like {target}.",
            ),
            "detailed": (
                "Turn the {picture} into {target}, [keeping|but keep] every object where it is.",
                "Render the [whole|entire] scene as {target} without changing the composition.",
                "[Keep|Leave] the layout as it is, but make this {picture} look like {target}.",
                "Give the {picture} the look of {target}, with all objects [still|left] in place.",
                "Change only the style: this {picture} should look like {target}[ all over|].",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.STYLISE),),
    rubric=Rubric(
        adherence="5: the style or tone asked for is plain everywhere. 3: faint, in patches, or "
        "only a colour filter. 1: no change, or another style.",
        quality="5: strokes, texture and tone look made by hand or camera. 3: some muddy or noisy "
        "parts. 1: artefacts hide the picture.",
        preservation="5: layout, objects and faces are all still there. 3: small details are lost. "
        "1: objects are missing or a different scene.",
    ),
    benchmark_task="style",
)
