"""Alter: an object's colour or material changes, its geometry stays."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.vocabulary import PaintKind

EDIT_TYPE = EditType(
    name="alter",
    title="Alter an object's colour or material",
    family=Family.LOCAL,
    regions=RegionRule(kind="object"),
    brief=Brief(
        task="Ask for a new colour or material of the named object; say where it is, how big.",
        vocabulary=Vocabulary.APPEARANCE,
        templates={
            "terse": (
                "[Make|Paint|Turn|Colour] the {name} {colour}.",
                "[Make|Paint|Turn] the {thing} {colour}.",
                "[Recolour the {name} {place} in|Change the {name} {place} to] {colour}.",
                "[Turn|Change] the {size} {name} into {material}.",
                "Make the {name} {place} look like {material}.",
                "Give the {thing} {a} {adjective} [finish|look].",
            ),
            "plain": (
                "The {thing} should be [{colour}|made of {material}].",
                "Give the {thing} [the colour {colour}|a surface of {material}].",
                "Please make the {thing} [{colour}|look like {material}].",
                "[I want|I would like] the {thing} to be [{colour}|made of {material}].",
                "Could you turn the {thing} [{colour}|into {material}]?",
                "Show the {thing} [in {colour}|in {material}] instead.",
            ),
            "detailed": (
                "Change the colour of the {thing} to {colour}, but keep the shape and shading.",
                "Make only the {thing} look [painted {colour}|carved from {material}].",
                "Turn the {thing} [{colour}|into {material}] while keeping outline and lighting.",
                "Give the {thing} {a} {adjective} [look|finish], leaving all else as is.",
                "Keep the form of the {thing}, but make {it} [{colour}|look like {material}].",
            ),
        },
    ),
    steps=(Step(paint=PaintKind.RECOLOUR),),
    rubric=Rubric(
        adherence="5: the named object wholly has the colour or material asked for. 3: only parts "
        "of it, or a neighbouring shade. 1: no change, or the wrong object.",
        quality="5: shading, texture and highlights stay believable. 3: flat or patchy. "
        "1: blotches, spill over the edge or noise.",
        preservation="5: its outline, pose and all else are the same. 3: slight drift of shape "
        "or background. 1: another object, or a changed scene.",
    ),
    benchmark_task="adjust",
)
