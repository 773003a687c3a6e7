"""Motion change: two frames of one clip; the later one is the target."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="motion_change",
    title="Change a person's action",
    family=Family.LOCAL,
    regions=RegionRule(kind="frames", count=2),
    brief=Brief(
        task="Say in one sentence how the person's action, pose or place differs in the 2nd frame.",
        vocabulary=Vocabulary.ACTION,
        templates={
            "terse": (
                "[Make|Have|Let] the {name} {do}[ instead of {before}|].",
                "[Show|Have] the {name} [{place} {after}|{after}|{after} instead].",
                "Move the {name} {shift}.",
                "[Make|Have|Let] the {name} move {shift}.",
            ),
            "plain": (
                "[Make|Have|Let] the {name} {place} {do} instead of {before}.",
                "The {name} {place} should [now|] be {after}[, not {before}|].",
                "[Show|Picture] the {name} {place} {after} [instead of|rather than] {before}.",
                "[I want|I would like] the {name} {place} to {do}[ instead of {before}|].",
                "[Could|Can] you make the {name} {place} {do}?",
                "Please move the {name} {shift}.",
                "[I want|I would like] the {name} to move {shift}.",
            ),
            "detailed": (
                "The {name} {place} {is} {before}; show {it} {after} instead.",
                "Change the pose of the {name} {place}: no longer {before}, but {after}.",
                "Make the {name} {place} {do}, but keep the clothes and the scene the same.",
                "Keep the scene as it is, but [let|have] the {name} {place} {do}.",
                "Show the same scene a moment later, with the {name} {place} {after}.",
                "Move the {name} {shift}, leaving the rest of the scene as it is.",
                "Show the same scene a moment later: the {name} {has} moved {shift}.",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.FRAME),),
    rubric=Rubric(
        adherence="5: the person now does exactly what is asked. 3: the movement is half there, or "
        "the wrong limb moves. 1: pose and place are unchanged.",
        quality="5: limbs, hands and face are sound and the pose could be held. 3: small faults of "
        "anatomy. 1: broken or melted body.",
        preservation="5: same person, clothes and setting. 3: small changes of dress or "
        "background. 1: another person or another place.",
    ),
    benchmark_task="action",
)
