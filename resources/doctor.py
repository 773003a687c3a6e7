"""What a profile needs, and whether it is here; each missing thing with its remedy."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from inspect import getattr_static
from pathlib import Path
from stat import S_IXOTH
from typing import Any, NoReturn

from models.faults import ImgEditError
from models.weights import Weights
from resources.backends import (
    BACKENDS,
    INSTALL_MODELS,
    OPTIONAL_ROLES,
    BackendError,
    missing_package,
    plan_backend,
    plan_chat,
)
from resources.building import Builder, Plan, needs_host
from resources.checkpoints import Checkpoints
from resources.devices.devices import asked_of_driver, processor
from resources.devices.quiet import hush
from resources.edit_types import find_types
from resources.home import HOME_VARIABLE, Home, profile_name
from resources.inventory import checkpoints_of, describe
from resources.pasted_keys import without_keys
from resources.profile import Profile, load_profile
from resources.table_health import look_at_tables

NEEDED_DISK_GB = 1.0
"""The default run leaves a fraction of this; lossless patches of a larger one fill it."""
NEEDED_MEMORY_GB = 3.0
"""The peak that the default run keeps under."""

LICENCES = {
    "opennsfw": "Yahoo's OpenNSFW in ONNX; weights BSD-2-Clause, conversion MIT",
    "studio_clip": "a small CLIP of drawn scenes; weights CC BY-SA 4.0, as OpenMoji's drawings",
    "ultralytics": "ultralytics is AGPL-3.0: what you serve with it must be open as well, "
    "unless you hold its commercial licence",
}
"""Notes on what comes with a licence of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    needed: bool = True
    """Whether a run fails without it."""
    remedy: str = ""

    def __post_init__(self) -> None:
        """Name no remedy of what is well."""
        if self.ok:
            object.__setattr__(self, "remedy", "")

    @property
    def is_missing(self) -> bool:
        """Whether it is needed and not here."""
        return self.needed and not self.ok

    def as_dict(self) -> dict[str, str | bool]:
        """For JSON."""
        return asdict(self)


def examine(profile: str | None = None) -> list[Finding]:
    """Look at the machine, the home and every role of a profile.

    Args:
        profile: A profile's name or file; by default the one that the environment names.
    """
    findings = [_python(), _writable_home(), *_space(), _cores(), _gpu(), *_tables()]
    name = profile or profile_name()
    try:
        loaded = load_profile(name)
    except ImgEditError as error:
        remedy = "name another with --profile or IMGEDIT_PROFILE, or correct the file"
        return [*findings, Finding(name="profile", ok=False, detail=str(error), remedy=remedy)]
    findings.append(Finding(name="profile", ok=True, detail=f"{loaded.name}: {loaded.description}"))
    return [*findings, _edit_types(loaded), *_roles(loaded)]


def _python() -> Finding:
    return Finding(
        name="Python",
        ok=sys.version_info >= (3, 11),
        detail=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        remedy="install Python 3.11 or newer",
    )


def _existing() -> Path:
    """The home, or the folder that it would be made in."""
    folder = Home.of().folder
    return next(p for p in (folder, *folder.parents) if p.exists())


def _writable_home() -> Finding:
    existing = _existing()
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        remedy = f"set {HOME_VARIABLE} to a folder that you may write to"
        detail = f"{existing}: {error.strerror}"
        return Finding(name="home", ok=False, detail=detail, remedy=remedy)
    is_open = _is_open(Home.of().folder)
    others = " and entered by others: chmod 700 keeps it yours" if is_open else ""
    return Finding(name="home", ok=True, detail=f"{Home.of().uri} can be written{others}")


def _is_open(folder: Path) -> bool:
    """Whether anybody on this machine may enter a home that is there."""
    return folder.is_dir() and bool(folder.stat().st_mode & S_IXOTH)


def _space() -> Iterator[Finding]:
    free_gb = shutil.disk_usage(_existing()).free / 1e9
    yield Finding(
        name="free disk",
        ok=free_gb >= NEEDED_DISK_GB,
        detail=f"{free_gb:.1f} GB",
        remedy=f"free {NEEDED_DISK_GB:.0f} GB, or set {HOME_VARIABLE} to another disk",
    )
    memory_gb = processor().total_bytes / 1e9
    yield Finding(
        name="memory",
        ok=memory_gb >= NEEDED_MEMORY_GB,
        needed=False,
        detail=f"{memory_gb:.1f} GB",
        remedy="set lanes, readers and writers under [engine] to 1 in a profile of your own",
    )


def _cores() -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding(name="cores", ok=True, needed=False, detail=str(count))


def _gpu() -> Finding:
    said = [f"{each} MiB" for each in asked_of_driver("name,memory.total")]
    detail = "; ".join(said) or "none; the embedded profile needs none"
    return Finding(name="GPU", ok=bool(said), needed=False, detail=detail)


def _tables() -> Iterator[Finding]:
    home = Home.of()
    damages = look_at_tables(home) if home.has_tables else []
    for damage in damages:
        name = f"table {damage.table}"
        yield Finding(name=name, ok=False, detail=damage.detail, remedy=damage.remedy)
    if not damages:
        yield Finding(name="tables", ok=True, detail=f"{home.tables}: nothing damaged")


def _edit_types(profile: Profile) -> Finding:
    found = find_types(profile.edits, Home.of().folder)
    names = list(found.types)
    if found.problems:
        detail = "; ".join(found.problems)
        return Finding(name="edit types", ok=False, detail=detail, remedy="correct that file")
    unknown = [t for t in profile.edits.types if t not in names]
    if unknown:
        remedy = f"the profile's [edits] types may be {', '.join(names)}"
        detail = f"there is no {', '.join(unknown)}"
        return Finding(name="edit types", ok=False, detail=detail, remedy=remedy)
    return Finding(name="edit types", ok=True, detail=", ".join(profile.edits.types or names))


def _roles(profile: Profile) -> Iterator[Finding]:
    # The hub's client reads its settings when a checkpoint's name is looked up.
    hush(Home.of().folder)
    builder = _builder(profile)
    for role in BACKENDS:
        needed = role not in OPTIONAL_ROLES
        if role in profile.roles:
            yield from _backend(profile, role, builder)
        else:
            remedy = f"add [roles.{role}] backend = ... to the profile" if needed else ""
            detail = "not bound" if needed else "not bound; optional"
            yield Finding(name=role, ok=False, needed=needed, detail=detail, remedy=remedy)
    for role in profile.roles.keys() - BACKENDS.keys():
        remedy = f"roles are {', '.join(BACKENDS)}"
        yield Finding(name=role, ok=False, detail="there is no such role", remedy=remedy)


class _NoHost:
    """Stands where a run's host would: nothing is loaded by looking."""

    def use(self, spec: object) -> NoReturn:
        raise NotImplementedError(spec)


def _builder(profile: Profile) -> Builder:
    """Plans backends, and the language models that they ask, without making any."""
    builder = Builder(
        checkpoints=Checkpoints(home=Home.of().folder),
        host=_NoHost(),
        runtime=profile.runtime,
        chat=lambda name: plan_chat(profile, name, builder),
        more={"ledger": Home.of().ledger},
    )
    return builder


def _backend(profile: Profile, role: str, builder: Builder) -> Iterator[Finding]:
    """The backend that a role is bound to, and each checkpoint that it loads."""
    binding = profile.roles[role]
    try:
        plan = plan_backend(profile, role, builder)
        _check(plan)
    except ImgEditError as error:
        yield Finding(name=role, ok=False, detail=str(error), remedy=_remedy(error))
        return
    note = _licence_note(f"{binding.backend} {plan.made.__module__} {binding.params}")
    detail = f"{binding.backend}: {_named(plan)}"
    yield Finding(name=role, ok=True, detail=f"{detail}; {note}" if note else detail)
    for weights, runtime in checkpoints_of(plan):
        found = describe(weights, runtime)
        yield Finding(
            name=f"{role} weights",
            ok=found.is_here and found.fits,
            needed=not found.fits,
            detail=found.text,
            remedy=found.remedy,
        )


def _check(plan: Plan[Any]) -> None:
    """Ask the classes of a backend and of its parts, which say what they need besides their code.

    Raises:
        ImgEditError: It is not there: a package, a key, a file.
    """
    if isinstance(getattr_static(plan.made, "check", None), classmethod):
        check: Callable[..., None] = getattr(plan.made, "check")  # noqa: B009 - no Protocol has it
        try:
            check(**plan.values)
        except ImgEditError:
            raise
        except Exception as error:
            msg = f"{plan.made.__name__}.check() ended with {type(error).__name__}: {error}"
            raise BackendError(without_keys(msg)) from error
    if needs_host(plan.made) and find_spec("torch") is None:
        raise ImgEditError(missing_package(ModuleNotFoundError(name="torch")))
    for value in plan.values.values():
        if isinstance(value, Plan):
            _check(value)


def _named(plan: Plan[Any]) -> str:
    """Name and version, where the class tells them; else what it is made with."""
    version = getattr_static(plan.made, "version", "")
    return f"{_name(plan)} {version}" if isinstance(version, str) and version else _name(plan)


def _name(plan: Plan[Any]) -> str:
    told = getattr_static(plan.made, "name", None)
    if isinstance(told, str):
        return told
    for value in plan.values.values():
        if isinstance(value, Plan):  # a language model, after which its role is named
            return _name(value)
    weights = plan.values.get("weights")
    default = weights.source if isinstance(weights, Weights) else plan.made.__name__
    return str(plan.values.get("model", default))


def _remedy(error: ImgEditError) -> str:
    """What to do about a backend that cannot be made; other errors say it themselves."""
    if not isinstance(error, BackendError):
        return ""
    cause = error.__cause__
    missing = cause.name if isinstance(cause, ImportError) else None
    if missing is None or find_spec(missing.partition(".")[0]) is not None:
        return "correct the role's section in the profile"
    return f"{missing} is not installed: {INSTALL_MODELS}"


def _licence_note(text: str) -> str:
    return " ".join(note for package, note in LICENCES.items() if package in text)
