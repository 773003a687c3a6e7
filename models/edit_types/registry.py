"""Finds the edit types: those beside this file, installed entry points, and folders of files."""

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType

from models.edit_types import templates
from models.edit_types.spec import Brief, EditType, RegionRule, Rubric, Vocabulary
from models.faults import ImgEditError

ENTRY_POINT_GROUP = "imgedit.edit_types"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What a file written by somebody else can raise while it is imported.
_IMPORT_FAULTS = (Exception, SystemExit)
_KINDS: Mapping[str, type] = {
    "name": str,
    "regions": RegionRule,
    "brief": Brief,
    "steps": tuple,
    "rubric": Rubric,
    "operations": tuple,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTypes:
    """What was found: the sound types by name, and a line for each that is not."""

    types: Mapping[str, EditType]
    problems: tuple[str, ...]


def load_edit_types(folders: Iterable[str | Path] = ()) -> Mapping[str, EditType]:
    """All edit types by name: built in, then installed, then from the folders, each in order.

    A folder's `*.py` files (but not `_*.py`) each export `EDIT_TYPE`; so does, or is, the object
    that an entry point names.

    Raises:
        ImgEditError: A file cannot be loaded, exports no sound edit type, or takes a used name.
    """
    found = find_edit_types(folders)
    if found.problems:
        raise ImgEditError(found.problems[0])
    return found.types


def find_edit_types(folders: Iterable[str | Path] = ()) -> EditTypes:
    """The edit types that can be used, and what is wrong with the others; of one name the first."""
    declared: dict[str, tuple[str, EditType]] = {}
    problems: list[str] = []
    for origin, load in _candidates(folders):
        try:
            edit_type = _exported(origin, load())
            if edit_type.name in declared:
                msg = (
                    f"{origin}: edit type {edit_type.name!r} is already declared by "
                    f"{declared[edit_type.name][0]}; give one of the two another name"
                )
                raise ImgEditError(msg)
        except ImgEditError as error:
            problems.append(str(error))
        else:
            declared[edit_type.name] = (origin, edit_type)
    types = {name: edit_type for name, (_, edit_type) in declared.items()}
    for name, (origin, edit_type) in declared.items():
        try:
            _check(origin, edit_type, types)
        except ImgEditError as error:
            problems.append(str(error))
            del types[name]
    return EditTypes(types=MappingProxyType(types), problems=tuple(problems))


def _candidates(folders: Iterable[str | Path]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Where each type is declared, and how to load it."""
    package = importlib.import_module("models.edit_types")
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"models.edit_types.{name}")
        if hasattr(module, "EDIT_TYPE"):
            yield f"models/edit_types/{name}.py", partial(getattr, module, "EDIT_TYPE")
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: (e.name, e.value)):
        yield f"entry point {entry.name!r} ({entry.value})", partial(_installed, entry)
    for folder in map(Path, folders):
        if not folder.is_dir():
            yield str(folder), partial(_no_folder, folder)
        for file in sorted(folder.glob("[!_]*.py")):
            yield str(file), partial(_module_from, file)


def _installed(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except _IMPORT_FAULTS as error:
        msg = (
            f"entry point {entry.name!r} ({entry.value}): cannot be loaded ({_said(error)}); "
            "fix or uninstall its package"
        )
        raise ImgEditError(msg) from error


def _no_folder(folder: Path) -> object:
    msg = f"{folder}: no such folder of edit types; create it or take it out of the profile"
    raise ImgEditError(msg)


def _module_from(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"imgedit_edit_type_{file.stem}", file)
    if spec is None or spec.loader is None:
        msg = f"{file}: not a Python file that can be read; rename it or move it elsewhere"
        raise ImgEditError(msg)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by its name.
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except _IMPORT_FAULTS as error:
        msg = f"{file}: cannot be imported ({_said(error)}); fix it or move it elsewhere"
        raise ImgEditError(msg) from error
    return module


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _exported(origin: str, exported: object) -> EditType:
    edit_type = getattr(exported, "EDIT_TYPE", exported)
    if not isinstance(edit_type, EditType):
        msg = f"{origin}: exports no EDIT_TYPE; add `EDIT_TYPE = EditType(...)` to it"
        raise ImgEditError(msg)
    if faults := list(_type_faults(edit_type)):
        msg = f"{origin}: " + "; ".join(faults)
        raise ImgEditError(msg)
    return edit_type


def _type_faults(edit_type: EditType) -> Iterator[str]:
    """What a forgotten comma or a wrong order of words does, which Python lets pass."""
    for name, kind in _KINDS.items():
        if not isinstance(value := getattr(edit_type, name), kind):
            yield f"its {name} is {value!r:.60}; make it a {kind.__name__}"
            return
    for wording, texts in edit_type.brief.templates.items():
        if not isinstance(texts, tuple):
            yield f"its {wording} templates are {texts!r:.60}; make them a tuple"


def _check(origin: str, edit_type: EditType, types: Mapping[str, EditType]) -> None:
    """Refuse what would only fail later, in the middle of a run."""
    faults = [*_naming_faults(edit_type), *_template_faults(edit_type)]
    for operation in edit_type.operations:
        if operation not in types or types[operation].operations:
            faults.append(
                f"operation {operation!r} is no edit type that paints itself; name some of "
                f"{', '.join(sorted(name for name in types if not types[name].operations))}"
            )
    if edit_type.dialogue and not edit_type.operations:
        faults.append("its dialogues have no operations; name the types that turns may be of")
    if not edit_type.operations and not edit_type.steps:
        faults.append("it has neither steps nor operations; declare at least one of them")
    if faults:
        msg = f"{origin}: " + "; ".join(faults)
        raise ImgEditError(msg)


def _naming_faults(edit_type: EditType) -> Iterator[str]:
    if not _NAME.fullmatch(edit_type.name):
        yield f"name {edit_type.name!r} is no partition key; use lower-case letters, digits and _"


def _template_faults(edit_type: EditType) -> Iterator[str]:
    if edit_type.dialogue:
        return  # the grammar of dialogues is the writer's
    if edit_type.brief.vocabulary is Vocabulary.OWN and not edit_type.brief.targets:
        yield "its vocabulary is its own, but the brief has no targets; give it some"
    for wording in templates.WORDINGS:
        if not edit_type.brief.templates.get(wording):
            yield f"the brief has no {wording} templates; give it at least one"
    for text in (text for group in edit_type.brief.templates.values() for text in group):
        if unknown := templates.slots_of(text) - set(templates.SLOTS):
            yield (
                f"template {text!r} uses {', '.join(sorted(unknown))}; "
                f"the slots are {', '.join(sorted(templates.SLOTS))}"
            )
