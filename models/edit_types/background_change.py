"""Background change: everything but the subject becomes another scenery."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="background_change",
    title="Change the background",
    family=Family.GLOBAL,
    regions=RegionRule(kind="background"),
    brief=Brief(
        task="Ask for another scenery behind the subject of the image, and say which.",
        vocabulary=Vocabulary.BACKDROP,
        templates={
            "terse": (
                "[Change the background to|Turn the background into] {target}.",
                "Replace the background with {target}.",
                "[Swap|Exchange] the background for {target}.",
                "Put {target} in the background.",
                "New background: {target}.",
            ),
            "plain": (
                "Please [replace the background with|exchange the background for] {target}.",
                "Make {target} the [new|] background of [the|this] {picture}.",
                "The background should [show|be] {target}.",
                "[Could|Can] you change the background to {target}?",
                "I would like to see {target} [behind the subject|in the background].",
                "[Set|Place] the scene in front of {target}.",
                "Instead of the {name}, show {target} in the background.",
            ),
            "detailed": (
                "Replace [everything|all that is] behind the objects in front with {target}.",
                "Change the background to {target}, but keep the foreground exactly as it is.",
                "[Keep|Leave] the foreground untouched and show {target} [behind it|beyond it].",
                "Move the scene: what is in front stays, but behind it there should be {target}.",
                "Take the background away and put {target} there, with clean edges all round.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.BACKDROP, grow_px=4),),
    rubric=Rubric(
        adherence="5: the scenery asked for fills the whole background. 3: parts of the old one "
        "show, or it is only loosely what was asked. 1: the old background.",
        quality="5: clean edges, fitting light and depth. 3: a halo or a flat look. 1: cut-out "
        "edges, holes or nonsense.",
        preservation="5: the foreground is the same to the last detail. 3: thin parts are lost or "
        "its tone has shifted. 1: the subject is damaged or another.",
    ),
    benchmark_task="background",
)
