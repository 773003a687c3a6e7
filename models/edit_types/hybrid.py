"""Hybrid: one instruction asks for two local edits of two different objects."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Vocabulary

EDIT_TYPE = EditType(
    name="hybrid",
    title="Combine two edits",
    family=Family.MIXED,
    regions=RegionRule(
        kind="object", count=2, distinct_names=True, min_gap_px=100, max_area_frac=0.25
    ),
    brief=Brief(
        task="Ask in one sentence for two edits of the two named objects; say where each is.",
        vocabulary=Vocabulary.NONE,
        templates={
            "terse": (
                "{first} and {second}.",
                "{first}, then {second}.",
                "{first}; {second}.",
                "{first} and then {second}.",
            ),
            "plain": (
                "{first} and [also|then|] {second}.",
                "Please {first} and {second}.",
                "First {first}, then {second}.",
                "{first}, and [also|] {second}.",
                "[Could|Can] you {first} and {second}?",
                "I would like you to {first} and {second}.",
            ),
            "detailed": (
                "{first} and {second}, leaving [everything|all] else [unchanged|as is].",
                "Make two changes: {first}, and {second}.",
                "Do two things: {first}, then {second}.",
                "{first}, and in the same {picture} {second}.",
                "At the same time, {first} and {second}.",
            ),
        },
    ),
    steps=(),
    rubric=Rubric(
        adherence="5: both edits are done, each to its own object. 3: one is done, or both only "
        "half. 1: neither, or the objects are mixed up.",
        quality="5: both places look real. 3: one of them shows seams or blur. 1: visible damage "
        "at both.",
        preservation="5: nothing but the two objects differs. 3: small marks near one of them. "
        "1: other objects or the background have changed.",
    ),
    benchmark_task="compose",
    operations=("add", "remove", "replace", "alter"),
)
