"""What every built-in edit type owes: a rubric with a scale, templates that can be written."""

import re

import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import EditType, PaintKind
from models.edit_types.templates import WORDINGS, variants

TYPES = load_edit_types()
OPERATIONS = sorted({name for t in TYPES.values() for name in t.operations})

every_type = pytest.mark.parametrize("edit_type", TYPES.values(), ids=TYPES.keys())


@every_type
def test_each_criterion_says_what_is_a_5_a_3_and_a_1(edit_type: EditType) -> None:
    rubric = edit_type.rubric
    for criterion in (rubric.adherence, rubric.quality, rubric.preservation):
        assert re.match(r"5: .+ 3: .+ 1: .+\.$", criterion), criterion


@every_type
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
        *("extract", "background", "style", "compose"),
    }
