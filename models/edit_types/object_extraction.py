"""Object extraction: the object alone on clean white, its identity kept."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="object_extraction",
    title="Extract an object",
    family=Family.LOCAL,
    regions=RegionRule(kind="object"),
    brief=Brief(
        task="Ask for the named object alone on clean white; say where it is, how big.",
        vocabulary=Vocabulary.NONE,
        templates={
            "terse": (
                "[Extract|Isolate] the {name} on white.",
                "[Extract|Isolate|Cut out] the {thing}.",
                "Cut out the {name} on a [plain|clean] white background.",
                "[Extract|Isolate] the {name} {place} on a white background.",
                "Show only the {thing} on white.",
            ),
            "plain": (
                "Show the {thing} alone on a [plain|clean] white background.",
                "[Extract|Cut out] the {thing} and put {it} on a white background.",
                "Please isolate the {thing} [on pure white|on a white background].",
                "[Could|Can] you [extract|cut out] the {thing} on [plain|clean] white?",
                "I need the {thing} [by itself|alone] on a white background.",
                "Take the {thing} out of the scene and set {it} against white.",
            ),
            "detailed": (
                "[Extract|Cut out] the {thing} and show {it} on clean white with every detail.",
                "Remove everything but the {thing}, [leaving|and leave] a pure white background.",
                "Turn this {picture} into a studio shot of just the {thing}, on plain white.",
                "Isolate the {thing} on white, [keeping|and keep] the exact shape and colours.",
                "Show nothing but the {thing}: no background, no other objects, only clean white.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.ISOLATE),),
    rubric=Rubric(
        adherence="5: only the named object, whole, on clean white. 3: pieces are missing, or bits "
        "of its surroundings came along. 1: another object, or the scene is still there.",
        quality="5: a clean natural outline. 3: a fringe or ragged edge. 1: torn, blurred or "
        "unreadable.",
        preservation="5: shape, colour, markings and view are those of the source. 3: recognisable "
        "with some details changed. 1: a different individual.",
    ),
    benchmark_task="extract",
)
