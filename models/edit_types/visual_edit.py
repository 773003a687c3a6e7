"""Visual edit: (image without the object, the object alone on white) gives the image."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="visual_edit",
    title="Insert the object of a reference image",
    family=Family.REFERENCE,
    regions=RegionRule(kind="object", max_area_frac=0.25),
    brief=Brief(
        task="Ask for the object of the reference image to be put into the first; say where.",
        vocabulary=Vocabulary.NONE,
        templates={
            "terse": (
                "Add the {name} from the reference[ image| picture|].",
                "[Put|Place|Insert] the {name} from the reference {place}.",
                "[Add|Insert] the object from the [reference|second] image {place}.",
                "[Place|Put] the reference {name} {place}.",
            ),
            "plain": (
                "[Add|Put] the {name} from the [reference|second] image {place} of the {picture}.",
                "Please [place|insert] the {name} shown in the reference image {place}.",
                "[Take|Use] the {name} of the reference image and put {it} {place}.",
                "The {name} [from|in] the reference image should [appear|be] {place}.",
                "[Could|Can] you add the {name} from the [reference|second] image {place}?",
                "{place}, [insert|place] the {name} from the reference image.",
            ),
            "detailed": (
                "[Insert|Place] the {name} from the reference {place}, with the same colours.",
                "[Put|Place] this very {name} from the reference image {place} of the {picture}.",
                "Bring the {name} from the reference into the scene, {place}, and blend {it} in.",
                "Take the {name} from the white background and set {it} {place} of the {picture}.",
                "Complete the {picture} {place} with the {name} of the reference image.",
            ),
        },
    ),
    steps=(
        Step(paint=PaintKind.ERASE, onto="source", grow_px=8),
        Step(paint=PaintKind.ISOLATE, onto="reference"),
    ),
    rubric=Rubric(
        adherence="5: the very object of the reference stands at the place named. 3: alike but not "
        "the same, or misplaced. 1: absent, or another object.",
        quality="5: it sits in the scene with fitting scale, light and edges. 3: it looks pasted. "
        "1: distorted or incomplete.",
        preservation="5: the first image is otherwise as before. 3: small changes nearby. 1: the "
        "scene is redrawn.",
    ),
    benchmark_task="",
)
