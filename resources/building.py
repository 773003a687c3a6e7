"""Makes a backend from a section of a profile, by the types of its fields.

A field of type `Weights` is found by its name, `Host` is the run's, `Runtime` is [runtime] with
what the section changes, `ChatModel` a section of [chats], and a `Workflow`, an `Editor` or what
describes a subject a section of its own that names which one.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from importlib import import_module
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from models.chat.chat_model import ChatModel
from models.edit.editor import Editor
from models.faults import ImgEditError
from models.hosting import Host
from models.paint.diffusion.jobs import Describe
from models.paint.workflows import Workflow
from models.runtime import Runtime
from models.weights import Weights
from resources.checkpoints import Checkpoints
from resources.pasted_keys import shown, without_keys
from resources.profile_values import not_finite

T = TypeVar("T")

WORKFLOWS = {
    "sdxl_inpaint": "models.paint.diffusion.sdxl:SdxlInpaint",
    "sdxl_canny": "models.paint.diffusion.sdxl:SdxlCanny",
    "sdxl_style": "models.paint.diffusion.sdxl:SdxlStyle",
    "flux_fill": "models.paint.diffusion.flux:FluxFill",
    "flux_redux_fill": "models.paint.diffusion.flux_redux_fill:FluxReduxFill",
    "flux_canny": "models.paint.diffusion.flux:FluxCanny",
    "flux_image_to_image": "models.paint.diffusion.flux:FluxImageToImage",
    "editor": "models.paint.diffusion.editor_workflow:EditorWorkflow",
}
"""Ways to paint, by the name that `workflow` gives in a section of the painter."""

EDITORS = {
    "flux2": "models.edit.flux2:Flux2Editor",
    "flux2_klein": "models.edit.flux2:Flux2KleinEditor",
    "flux_kontext": "models.edit.kontext:KontextEditor",
    "qwen_image_edit": "models.edit.qwen_image_edit:QwenImageEditor",
}
"""Whole-image editors."""


EXPANDERS = {
    "table": "models.paint.expand:TableExpander",
    "chat": "models.paint.expand:ChatExpander",
}
"""What turns a noun into the description that a painter is given."""


_COUNTS = frozenset(
    {"batch_size", "steps", "threads", "size_px", "image_px", "area_px", "max_new_tokens"}
    | {"passes", "pixels", "rows", "rows_at_once", "rank", "save_every"}
)
"""Keys that mean nothing below 1, whichever backend has them: a batch of none never ends."""


class BuildError(Exception):
    """A section does not fit what it is to make; the text says which key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[T]):
    """What a section makes, before it is made: enough to tell what it will need."""

    made: Callable[..., T]
    """The backend's class."""
    values: Mapping[str, object]
    """What it is called with; parts that have to be made as well are plans themselves."""

    def make(self) -> T:
        """The backend, with its parts.

        Raises:
            BuildError: It does not take the values.
        """
        given = {k: v.make() if isinstance(v, Plan) else v for k, v in self.values.items()}
        try:
            return self.made(**given)
        except ImgEditError:
            raise
        except Exception as error:
            # A backend of one's own may raise anything, which says nothing without its kind.
            known = isinstance(error, TypeError | ValueError)
            said = str(error) if known else f"{type(error).__name__}: {error}"
            raise BuildError(without_keys(said)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What backends are made with.

    Args:
        checkpoints: Finds checkpoints.
        host: Owns the models.
        runtime: The profile's.
        chat: A language model by the name of its section, or its plan.
        more: Further values by the name of the field: a ledger's folder.
    """

    checkpoints: Checkpoints
    host: Host
    runtime: Runtime
    chat: Callable[[str], ChatModel | Plan[ChatModel]]
    more: Mapping[str, object]

    def build(self, made: Callable[..., T], section: Mapping[str, Any]) -> T:
        """Make one from a section's keys.

        Raises:
            BuildError: A key is unknown or lacking, or its value is of no use.
        """
        return self.plan(made, section).make()

    def plan(self, made: Callable[..., T], section: Mapping[str, Any]) -> Plan[T]:
        """What would be made from a section's keys; checkpoints are looked up, nothing is made.

        Raises:
            BuildError: A key is unknown or lacking, or its value is of no use.
        """
        types = _fields(made)
        if unknown := [key for key in section if types is not None and key not in types]:
            raise BuildError(_unknown(unknown[0], list(types or ())))
        values = dict(section)
        for key, kind in (types or {}).items():
            if key in self.more and key not in section:
                values[key] = self.more[key]
            elif (value := self._checked(key, kind, section.get(key))) is not None:
                values[key] = value
        try:
            inspect.signature(made).bind(**values)
        except TypeError as error:
            raise BuildError(str(error)) from None
        return Plan(made=made, values=values)

    def _checked(self, key: str, kind: object, given: object) -> object:
        try:
            return self._value(key, kind, given)
        except ValueError as error:  # of an address or a path that cannot be one
            msg = f"{key}: {error} (got {shown(given)})"
            raise BuildError(msg) from None

    def _value(self, key: str, kind: object, given: Any) -> Any:  # noqa: ANN401 - what a TOML file may hold
        """A field's value by its type; None to leave it as it is."""
        always: dict[object, Callable[[Any], Any]] = {
            Host: lambda _: self.host,
            Runtime: lambda changes: self._runtime(changes or {}),
        }
        by_kind: dict[object, Callable[[Any], Any]] = {
            Weights: lambda name: self.checkpoints.find(_text(key, name)),
            ChatModel: lambda name: self.chat(_text(key, name)),
            Workflow: lambda section: self._chosen("workflow", WORKFLOWS, section),
            Editor: lambda section: self._chosen("backend", EDITORS, section),
            Describe: lambda section: self._chosen("expander", EXPANDERS, section),
        }
        if kind in always:
            return always[kind](given)
        if given is not None and kind in by_kind:
            return by_kind[kind](given)
        return None if given is None else _typed(key, kind, given)

    def _runtime(self, changes: object) -> Runtime:
        if not isinstance(changes, Mapping):
            msg = f"runtime must be a table, such as {{ compile = false }} (got {shown(changes)})"
            raise BuildError(msg)
        merged = {**asdict(self.runtime), **changes}
        if unknown := changes.keys() - asdict(self.runtime).keys():
            raise BuildError(_unknown(min(unknown), list(asdict(self.runtime))))
        runtime: Runtime = _typed("runtime", Runtime, merged)
        return runtime

    def _chosen(self, key: str, known: Mapping[str, str], given: object) -> Plan[Any]:
        section = dict(given) if isinstance(given, Mapping) else {key: given}
        name = section.pop(key, "")
        if not isinstance(name, str) or name not in known:
            msg = f"{key} = {shown(name)} is none of {', '.join(known)}"
            raise BuildError(msg)
        module, _, made = known[name].partition(":")
        return self.plan(getattr(import_module(module), made), section)


def needs_host(made: Callable[..., Any]) -> bool:
    """Whether a backend loads models of its own onto a device."""
    return any(kind in (Host, Workflow, Editor) for kind in (_fields(made) or {}).values())


def _fields(made: Callable[..., Any]) -> dict[str, object] | None:
    """The parameters of a class with their types, of `T | None` the T; None where it takes any."""
    try:
        parameters = inspect.signature(made).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return None
        hints = get_type_hints(vars(made).get("__init__", made) if isinstance(made, type) else made)
    except (ValueError, TypeError, NameError, AttributeError) as error:
        msg = f"the types of its parameters cannot be read: {error}"
        raise BuildError(msg) from error
    return {p.name: _one(hints.get(p.name, object)) for p in parameters}


def _one(kind: object) -> object:
    if get_origin(kind) not in (Union, UnionType):
        return kind
    kinds = [each for each in get_args(kind) if each is not type(None)]
    return kinds[0] if len(kinds) == 1 else kind


def _typed(key: str, kind: Any, given: Any) -> Any:  # noqa: ANN401 - what a TOML file may hold
    """A value as its field declares it: a list as a tuple, one of the words that are allowed."""
    try:
        value = TypeAdapter(kind).validate_python(given)
    except PydanticUserError:  # a class of the backend's own
        return tuple(given) if isinstance(given, list) else given
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join((key, *map(str, problem["loc"])))
        msg = f"{where}: {problem['msg']} (got {shown(problem['input'])})"
        raise BuildError(msg) from None
    if not_finite(value):  # a text may say so, too
        msg = f"{key}: give a finite number (got {shown(given)})"
        raise BuildError(msg)
    if key in _COUNTS and isinstance(value, int) and value < 1:
        msg = f"{key}: give 1 or more (got {value})"
        raise BuildError(msg)
    return value


def _text(key: str, given: object) -> str:
    if not isinstance(given, str):
        msg = f"{key}: give a text (got {shown(given)})"
        raise BuildError(msg)
    return given


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known) or 'none'}"
    return f"there is no key {key!r}: {hint}"
