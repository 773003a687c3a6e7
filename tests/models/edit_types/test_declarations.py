"""What every built-in edit type owes: a rubric with a scale, templates that can be written."""

import re

import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Ability, EditType, PaintKind
from models.edit_types.templates import WORDINGS, variants

TYPES = load_edit_types()
OPERATIONS = sorted({name for t in TYPES.values() for name in t.operations})

DIALOGUES = {name: t for name, t in TYPES.items() if t.dialogue}
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


def test_types_that_show_an_object_appear_leave_the_photograph_untouched() -> None:
    for name in ("add", "visual_edit"):
        steps = TYPES[name].steps
        assert [s.onto for s in steps if s.paint is PaintKind.ERASE] == ["source"]
        assert all(step.onto != "target" for step in steps)


def test_every_benchmark_task_has_its_type() -> None:
    tasks = {t.benchmark_task for t in TYPES.values()} - {""}
    assert tasks == {
        *("add", "remove", "replace", "adjust", "action"),
        *("extract", "background", "style", "compose", "multi_turn"),
    }


def test_the_three_abilities_have_their_dialogues_of_the_operations_of_the_paper() -> None:
    rules = {t.dialogue.ability: t for t in DIALOGUES.values() if t.dialogue}
    assert set(rules) == set(Ability)
    assert {ability: set(t.operations) for ability, t in rules.items()} == {
        Ability.MEMORY: {"replace", "alter"},
        Ability.UNDERSTANDING: {"add", "alter", "remove", "replace"},
        Ability.BACKTRACKING: {"add", "replace", "alter"},
    }
    assert {ability: t.regions.count for ability, t in rules.items()} == {
        Ability.MEMORY: 2,
        Ability.UNDERSTANDING: 1,
        Ability.BACKTRACKING: 2,
    }
