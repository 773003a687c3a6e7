"""A recipe cannot forget a parameter: every field of every backend, changed one at a time."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from models.chat.chat_model import ChatModel, ChatRequest
from models.edit.editor import Editor
from models.edit.kontext import KontextEditor
from models.embed.studio import FOLDER
from models.hosting import Host
from models.paint.diffusion.flux import FluxImageToImage
from models.paint.diffusion.jobs import Describe
from models.paint.expand import ChatExpander
from models.paint.workflows import Workflow
from models.recorded import UNRECORDED, Recorded
from models.runtime import Runtime
from models.weights import Weights
from resources.backends import BACKENDS, CHATS
from resources.building import EXPANDERS, WORKFLOWS
from resources.recipes import canonical_json

WITHOUT_FIELDS = frozenset(
    {
        "AnnotationDescriber",
        "ClassicalPainter",
        "GrammarDialogueWriter",
        "GrammarWriter",
        "MetricJudge",
        "Scripted",
        "TableExpander",
    }
)
"""They take no parameter; `Scripted` records the whole of its script."""


class Model:
    """A chat model that is never asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    def params(self) -> Mapping[str, object]:
        return {"model": self.name}

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any]:
        raise AssertionError(requests)


def registered() -> Iterator[type]:
    tables = [*BACKENDS.values(), CHATS, WORKFLOWS, EXPANDERS]
    for path in sorted({path for table in tables for path in table.values()}):
        module, _, name = path.partition(":")
        yield getattr(import_module(module), name)


def checkpoint(name: str) -> Weights:
    return Weights(source=name, revision=f"of {name}", locate=Path)


def flow(name: str) -> FluxImageToImage:
    return FluxImageToImage(weights=checkpoint(name), host=HOST)


HOST: Any = object()
MADE: Mapping[Any, Callable[[str], Any]] = {
    Weights: checkpoint,
    Host: lambda _: object(),
    Runtime: lambda name: Runtime(dtype="float16" if name == "other" else "bfloat16"),
    ChatModel: Model,
    Workflow: flow,
    Editor: lambda name: KontextEditor(weights=checkpoint(name), host=HOST),
    Describe: lambda name: ChatExpander(chat=Model(name)),
    Path: Path,
}


OTHER: Mapping[str, Any] = {
    "key_env": "ANOTHER_KEY",
    "base_url": "https://elsewhere.example/v1",
    "folder": FOLDER / ".." / FOLDER.name,
    "following": ((0.0, 1.0), (1.0, 5.0)),
    "quality": ((0.0, 1.0), (1.0, 5.0)),
}
"""Values that a class itself checks, by the name of the field."""
ALSO: Mapping[str, Mapping[str, Any]] = {"ChatClient": {"usd_per_m_input": 1.0}}
"""Without a price it refuses a budget."""


def plain(kind: Any) -> Any:
    """A type without its `| None`."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (arm for arm in get_args(kind) if arm is not NoneType)
    return kind


def first(kind: Any) -> Any:
    """A value for a field without a default."""
    return MADE[kind]("one") if kind in MADE else {str: "one"}[kind]


def other(name: str, kind: Any, value: Any) -> Any:
    """Another value than the one that is there."""
    if name in OTHER:
        return OTHER[name]
    if kind in MADE:
        return MADE[kind]("other")
    if get_origin(kind) is Literal:
        return next(arm for arm in get_args(kind) if arm != value)
    if get_origin(kind) is tuple:
        return (*value, "other")
    if get_origin(kind) is not None:
        return {**value, "other": 1}
    match value:
        case bool():
            return not value
        case None | int() | float():
            return (value or 0) + 1
    return f"{value} other"


def parameters(made: type) -> list[tuple[Field[Any], Any]]:
    kinds = get_type_hints(made.__init__)
    return [(field, plain(kinds[field.name])) for field in fields(made) if field.init]


def example(made: type) -> Any:
    required = {
        field.name: first(kind)
        for field, kind in parameters(made)
        if field.default is MISSING and field.default_factory is MISSING
    }
    return made(**required, **ALSO.get(made.__name__, {}))


def with_fields() -> list[type]:
    return [made for made in registered() if made.__name__ not in WITHOUT_FIELDS]


@pytest.mark.parametrize("made", with_fields(), ids=lambda made: made.__name__)
def test_every_field_of_a_backend_is_recorded_or_gives_its_reason(made: type) -> None:
    assert issubclass(made, Recorded)
    backend = example(made)
    before = canonical_json(dict(backend.params()))
    left_out = {**UNRECORDED, **backend.unrecorded}
    assert all(left_out.values())

    for field, kind in parameters(made):
        changed = replace(
            backend, **{field.name: other(field.name, kind, getattr(backend, field.name))}
        )
        after = canonical_json(dict(changed.params()))

        assert (after == before) == (field.name in left_out), field.name


@pytest.mark.parametrize("name", sorted(WITHOUT_FIELDS - {"Scripted"}))
def test_a_backend_that_records_no_field_has_none(name: str) -> None:
    (made,) = (one for one in registered() if one.__name__ == name)

    assert not inspect.signature(made).parameters
    assert not is_dataclass(made) or not fields(made)


def test_a_runtime_is_recorded_but_for_what_changes_no_answer() -> None:
    runtime = Runtime(quantise="int8")
    kinds = dict(parameters(Runtime))
    changed = [
        field.name
        for field in kinds
        if field.name != "loras"  # of adapters on disk: tests/models/test_runtime.py
        and replace(
            runtime, **{field.name: other(field.name, kinds[field], getattr(runtime, field.name))}
        ).params()
        != runtime.params()
    ]

    assert {field.name for field in kinds} - set(changed) == {"loras", *Runtime.unrecorded}


def test_a_value_that_no_recipe_can_say_is_an_error() -> None:
    backend = example(KontextEditor)

    with pytest.raises(TypeError, match="cannot say steps"):
        replace(backend, steps=b"40").params()
