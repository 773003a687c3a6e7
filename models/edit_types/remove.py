"""Remove: the object is erased, and what lies behind it is filled in."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="remove",
    title="Remove an object",
    family=Family.LOCAL,
    regions=RegionRule(kind="object", max_area_frac=0.25),
    brief=Brief(
        task="Ask for the named object to disappear from the image; say where it is, how big.",
        vocabulary=Vocabulary.NONE,
        templates={
            "terse": (
                "[Remove|Erase|Delete] the {name}.",
                "[Remove|Erase|Delete|Take out] the {size} {name}.",
                "[Remove|Delete|Get rid of] the {name} {place}.",
                "[Erase|Take away|Remove] the {thing}.",
                "[Edit|Cut] out the {name} {place}.",
            ),
            "plain": (
                "Please [remove|erase|take out] the {thing}.",
                "[Take|Edit] the {thing} out of [the|this] {picture}.",
                "Make the {thing} [disappear|vanish].",
                "[I want|I would like] the {thing} [gone|removed].",
                "[Could|Can] you [remove|delete|erase] the {thing}?",
                "The {thing} should not be [there|in the {picture}].",
                "Show [the|this] {picture} without the {thing}.",
            ),
            "detailed": (
                "[Remove|Erase] the {thing} and fill the gap with the surrounding background.",
                "[Delete|Erase] the {thing} as if {they} had never been there.",
                "[Remove|Take away] the {thing}, rebuilding only what is behind {it}.",
                "Edit the {thing} out of the {picture} so that the background runs on unbroken.",
                "The {thing} should be gone; [continue|extend] the background across the gap.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.ERASE, grow_px=8),),
    rubric=Rubric(
        adherence="5: the named object is gone with its shadow and reflection. 3: parts of it "
        "are left, or more has gone than was asked. 1: it is still there, or another has gone.",
        quality="5: the fill continues the background unseen. 3: blur or repeats show at a second "
        "look. 1: a smear, a hole or a new object stands there.",
        preservation="5: the rest is as it was. 3: neighbours are nibbled or slightly shifted. "
        "1: other parts of the image are redrawn or lost.",
    ),
    benchmark_task="remove",
)
