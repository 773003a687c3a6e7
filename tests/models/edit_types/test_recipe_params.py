import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from models.edit_types.recipe import brief_params, plan_params, rubric_params
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import EditType, Step
from models.faults import ImgEditError
from models.vocabulary import PaintKind

TYPES = load_edit_types()
PARTS: dict[str, Callable[..., dict[str, object]]] = {
    "brief": brief_params,
    "plan": plan_params,
    "rubric": rubric_params,
}


def fingerprints(name: str, types: Mapping[str, EditType]) -> dict[str, str]:
    return {
        part: json.dumps(params(types[name], types), sort_keys=True)
        for part, params in PARTS.items()
    }


def changed(edit_type: EditType, part: str) -> EditType:
    match part:
        case "brief":
            return replace(edit_type, brief=replace(edit_type.brief, task="Ask nicely."))
        case "plan":
            return replace(edit_type, steps=(Step(paint=PaintKind.ERASE, grow_px=99),))
        case _:
            return replace(edit_type, rubric=replace(edit_type.rubric, quality="5: fine."))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("reader", ["remove", "hybrid"])
def test_a_change_touches_its_own_part_alone_and_reaches_types_that_use_it(
    part: str, reader: str
) -> None:
    before = fingerprints(reader, TYPES)
    after = fingerprints(reader, {**TYPES, "remove": changed(TYPES["remove"], part)})
    assert {p for p in PARTS if before[p] != after[p]} == {part}


def test_a_change_leaves_other_types_alone() -> None:
    others = {**TYPES, "remove": changed(TYPES["remove"], "brief")}
    assert fingerprints("add", others) == fingerprints("add", TYPES)


def test_types_with_equal_parts_still_differ() -> None:
    twin = replace(TYPES["add"], name="twin")
    assert plan_params(twin) != plan_params(TYPES["add"])


def test_a_mixed_type_needs_the_types_of_its_operations() -> None:
    with pytest.raises(ImgEditError, match=r"'hybrid' combines add, remove.*load_edit_types"):
        brief_params(TYPES["hybrid"])
