"""Finds the edit types: those beside this file, installed entry points, and folders of files."""

import contextlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType

from models.edit_types.soundness import operation_faults, type_faults, value_faults
from models.edit_types.spec import EditType
from models.faults import ImgEditError

ENTRY_POINT_GROUP = "imgedit.edit_types"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place that should declare an edit type."""

    origin: str
    """As the user knows it."""
    load: Callable[[], object]
    file: Path | None = None
    """Set for a file of a folder."""
    entry: EntryPoint | None = None
    """Set for what a package has installed."""


Trial = Callable[[Sequence[Candidate]], Mapping[str, str]]
"""Tells of candidates by others which must not be loaded into this process: what is wrong, by
origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTypes:
    """What was found: the sound types by name, and a line for each that is not."""

    types: Mapping[str, EditType]
    problems: tuple[str, ...]

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of some names, in the order of `types`; all of them where no name is given."""
        return tuple(name for name in self.types if not names or name in names)


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


def find_edit_types(folders: Iterable[str | Path] = (), trial: Trial | None = None) -> EditTypes:
    """The edit types that can be used, and what is wrong with the others; of one name the first.

    Args:
        folders: Folders of files by others.
        trial: Looks at what others wrote before it is imported here.
    """
    candidates = list(_candidates(folders))
    others = [c for c in candidates if c.file or c.entry]
    refused = trial(others) if trial and others else {}
    declared: dict[str, tuple[str, EditType]] = {}
    problems: list[str] = []
    for candidate in candidates:
        origin = candidate.origin
        try:
            if origin in refused:
                raise ImgEditError(refused[origin])
            edit_type = declaration(candidate)
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
        if faults := list(operation_faults(edit_type, types)):
            problems.append(f"{origin}: " + "; ".join(faults))
            del types[name]
    return EditTypes(types=MappingProxyType(types), problems=tuple(problems))


@cache
def built_in_types() -> Mapping[str, EditType]:
    """The types beside this file by name, the same wherever this version is installed."""
    built_in = (declaration(candidate) for candidate in _built_in())
    return MappingProxyType({edit_type.name: edit_type for edit_type in built_in})


def _candidates(folders: Iterable[str | Path]) -> Iterator[Candidate]:
    """Where each type is declared, and how to load it."""
    yield from _built_in()
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: (e.name, e.value)):
        yield of_entry(entry)
    for folder in map(Path, folders):
        if not folder.is_dir():
            yield Candidate(origin=str(folder), load=partial(_no_folder, folder))
        for file in sorted(folder.glob("[!_]*.py")):
            yield of_file(file)


def _built_in() -> Iterator[Candidate]:
    package = importlib.import_module("models.edit_types")
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"models.edit_types.{name}")
        if hasattr(module, "EDIT_TYPE"):
            origin = f"models/edit_types/{name}.py"
            yield Candidate(origin=origin, load=partial(getattr, module, "EDIT_TYPE"))


def of_file(file: Path) -> Candidate:
    """A file of a folder of edit types."""
    return Candidate(origin=str(file), load=partial(_module_from, file), file=file)


def of_entry(entry: EntryPoint) -> Candidate:
    """An entry point that a package has installed."""
    origin = f"entry point {entry.name!r} ({entry.value})"
    return Candidate(origin=origin, load=entry.load, entry=entry)


def declaration(candidate: Candidate) -> EditType:
    """The edit type that a candidate declares, sound as far as it goes alone.

    Raises:
        ImgEditError: It cannot be imported, or declares no sound edit type.
    """
    try:
        # What it prints is not among a command's results.
        with contextlib.redirect_stdout(sys.stderr):
            loaded = candidate.load()
            exported = getattr(loaded, "EDIT_TYPE", loaded)
    except BaseException as error:
        ours = isinstance(error, ImgEditError) and not (candidate.file or candidate.entry)
        if ours or isinstance(error, KeyboardInterrupt):
            raise
        raise ImgEditError(import_fault(candidate, error)) from error
    if not isinstance(exported, EditType):
        msg = f"{candidate.origin}: exports no EDIT_TYPE; add `EDIT_TYPE = EditType(...)` to it"
        raise ImgEditError(msg)
    if faults := list(type_faults(exported)) or list(value_faults(exported)):
        msg = f"{candidate.origin}: " + "; ".join(faults)
        raise ImgEditError(msg)
    return exported


def import_fault(candidate: Candidate, error: BaseException) -> str:
    """What was raised while a candidate was imported, where, and what to do."""
    said = f"{type(error).__name__}: {error}".strip(": ").partition("\n")[0]
    line = _line_of(candidate, error)
    return not_imported(candidate, f"{said}, line {line}" if line else said)


def not_imported(candidate: Candidate, said: str) -> str:
    """One line for a candidate that cannot be imported."""
    remedy = "fix it or move it elsewhere" if candidate.file else "fix or uninstall its package"
    verb = "imported" if candidate.file else "loaded"
    return f"{candidate.origin}: cannot be {verb} ({said}); {remedy}"


def _line_of(candidate: Candidate, error: BaseException) -> int | None:
    """The candidate's own line that is at fault; None where it is not known."""
    file = str(candidate.file)
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno for f in reversed(frames) if f.filename == file), None)


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
    spec.loader.exec_module(module)
    return module
