"""The parts of an edit type that enter a recipe, each alone.

A changed brief then renews instructions, a changed plan paintings, a changed rubric scores, and
nothing renews more than it touches. A mixed type answers for the types of its operations too.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from models.edit_types.spec import EditType, PaintFunction
from models.faults import ImgEditError
from models.vocabulary import PaintKind

Params = dict[str, object]
"""Plain JSON: text, numbers, lists and dicts."""

_NO_TYPES: Mapping[str, EditType] = MappingProxyType({})


def brief_params(edit_type: EditType, types: Mapping[str, EditType] = _NO_TYPES) -> Params:
    """What an instruction of this type depends on; `types` holds those of its operations."""
    return _with_operations(edit_type, types, _brief)


def plan_params(edit_type: EditType, types: Mapping[str, EditType] = _NO_TYPES) -> Params:
    """What a painting of this type depends on; `types` holds those of its operations."""
    return _with_operations(edit_type, types, _plan)


def rubric_params(edit_type: EditType, types: Mapping[str, EditType] = _NO_TYPES) -> Params:
    """What a score of this type depends on; `types` holds those of its operations."""
    return _with_operations(edit_type, types, _rubric)


def _with_operations(
    edit_type: EditType, types: Mapping[str, EditType], part: Callable[[EditType], Params]
) -> Params:
    if missing := [name for name in edit_type.operations if name not in types]:
        msg = (
            f"edit type {edit_type.name!r} combines {', '.join(missing)}, not among the types "
            f"given ({', '.join(types) or 'none'}); pass what load_edit_types returns"
        )
        raise ImgEditError(msg)
    params = {"edit_type": edit_type.name} | part(edit_type)
    if edit_type.operations:
        params["operations"] = {name: part(types[name]) for name in edit_type.operations}
    return params


def _brief(edit_type: EditType) -> Params:
    brief = edit_type.brief
    return {
        "task": brief.task,
        "vocabulary": str(brief.vocabulary),
        "templates": {wording: list(texts) for wording, texts in brief.templates.items()},
        **({"targets": [asdict(t) for t in brief.targets]} if brief.targets else {}),
        **({"dialogue": asdict(edit_type.dialogue)} if edit_type.dialogue else {}),
    }


def _plan(edit_type: EditType) -> Params:
    steps = [
        {"paint": _paint(step.paint), "onto": step.onto, "grow_px": step.grow_px}
        for step in edit_type.steps
    ]
    return {"steps": steps}


def _paint(paint: PaintKind | PaintFunction) -> str:
    """A kind's name; of a function its file's text, so that a changed one paints anew."""
    if isinstance(paint, PaintKind):
        return str(paint)
    file = inspect.getsourcefile(paint)
    return Path(file).read_text("utf-8") if file else inspect.getsource(paint)


def _rubric(edit_type: EditType) -> Params:
    return {"rubric": asdict(edit_type.rubric)}
