"""What every built-in edit type owes: a rubric with a scale, templates that can be written."""

import re

import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Ability, EditType
from models.edit_types.templates import WORDINGS, variants

TYPES = load_edit_types()
OPERATIONS = sorted({name for t in TYPES.values() for name in t.operations})

TASKS_OF_IMGEDIT_BENCH = (
    *("add", "adjust", "background", "extract", "remove"),
    *("replace", "style", "action", "compose"),
)
"""As its file writes `edit_type`: docs/paper.md, "ImgEdit-Bench"."""
SINGLE = {name: t for name, t in TYPES.items() if not t.dialogue}

every_type = pytest.mark.parametrize("edit_type", TYPES.values(), ids=TYPES.keys())


@every_type
def test_each_criterion_says_what_is_a_5_a_3_and_a_1(edit_type: EditType) -> None:
    rubric = edit_type.rubric
    for criterion in (rubric.adherence, rubric.quality, rubric.preservation):
        assert re.match(r"5: .+ 3: .+ 1: .+\.$", criterion), criterion


@pytest.mark.parametrize("edit_type", SINGLE.values(), ids=SINGLE.keys())
def test_each_wording_has_several_ways_to_say_it(edit_type: EditType) -> None:
    for wording in WORDINGS:
        ways = [v for text in edit_type.brief.templates[wording] for v in variants(text)]
        assert len(ways) >= 4
        assert len(set(ways)) == len(ways)


@pytest.mark.parametrize("name", OPERATIONS)
def test_terse_templates_of_operations_can_be_joined_in_one_sentence(name: str) -> None:
    for text in TYPES[name].brief.templates["terse"]:
        for variant in variants(text):
            assert re.fullmatch(r"[A-Z][a-z]+ [^,;:.?!]+\.", variant), variant


@every_type
def test_a_type_whose_source_is_painted_has_the_photograph_as_its_target(
    edit_type: EditType,
) -> None:
    painted = {step.onto for step in edit_type.steps}
    assert not painted >= {"source", "target"}


def test_each_task_of_the_benchmark_is_the_label_of_one_single_turn_type() -> None:
    labels = sorted(t.benchmark_task for t in SINGLE.values() if t.benchmark_task)
    assert labels == sorted(TASKS_OF_IMGEDIT_BENCH)


def test_each_ability_is_that_of_one_dialogue() -> None:
    abilities = [t.dialogue.ability for t in TYPES.values() if t.dialogue]
    assert sorted(abilities) == sorted(Ability)
