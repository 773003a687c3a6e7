"""Backends by role and name. Nothing is imported before a profile binds it."""

from importlib import import_module
from typing import Any

from models.faults import ImgEditError
from resources.profile import Profile

BACKENDS: dict[str, dict[str, str]] = {
    "aesthetic_scorer": {"statistics": "models.aesthetics.statistics:StatisticsScorer"},
    "describer": {"annotations": "models.describe.annotations:AnnotationDescriber"},
    "detector": {"annotations": "models.detect.annotations:AnnotationDetector"},
    "segmenter": {"grabcut": "models.segment.grabcut:GrabCutSegmenter"},
    "embedder": {},
    "instruction_writer": {"grammar": "models.write.grammar:GrammarWriter"},
    "dialogue_writer": {"grammar": "models.dialogues.grammar:GrammarDialogueWriter"},
    "safety_filter": {"opennsfw": "models.safety.opennsfw:OpenNsfw"},
    "painter": {"classical": "models.paint.classical:ClassicalPainter"},
    "judge": {"metric": "models.judge.metric:MetricJudge"},
}

OPTIONAL_ROLES = frozenset({"embedder", "safety_filter"})
"""Roles that a profile may leave unbound."""


class BackendError(ImgEditError):
    """A role is bound to something that cannot be made."""


def check_roles(profile: Profile) -> None:
    """Make sure that every role is bound, and to a backend that exists.

    Raises:
        BackendError: A role is unknown or unbound, or its backend is unknown.
    """
    for role in profile.roles:
        if role not in BACKENDS:
            msg = f"profile {profile.name}: no role {role!r}; roles are {', '.join(BACKENDS)}"
            raise BackendError(msg)
        backend_path(profile, role)
    for role in BACKENDS.keys() - OPTIONAL_ROLES - profile.roles.keys():
        msg = f"profile {profile.name}: role {role!r} is not bound; add [roles.{role}] backend = …"
        raise BackendError(msg)


def backend_path(profile: Profile, role: str) -> str:
    """Where a role's backend is found, as `module:Class`."""
    name = profile.roles[role].backend
    known = BACKENDS[role]
    if ":" in name:
        return name
    if name not in known:
        msg = (
            f"profile {profile.name}: {role} has no backend {name!r}; it has "
            f"{', '.join(known) or 'none yet'}, or give 'module:Class' of your own"
        )
        raise BackendError(msg)
    return known[name]


def make_backend(profile: Profile, role: str) -> Any:  # noqa: ANN401 - the caller knows the role
    """A new instance of the backend that a profile binds to a role; not yet set up.

    Raises:
        BackendError: It cannot be imported, or does not take the profile's parameters.
    """
    module, _, name = backend_path(profile, role).partition(":")
    params = profile.roles[role].params
    try:
        return getattr(import_module(module), name)(**params)
    except (ImportError, AttributeError) as error:
        msg = f"{role}: cannot load {module}:{name}: {error}; see `imgedit doctor`"
        raise BackendError(msg) from error
    except TypeError as error:
        msg = f"profile {profile.name}: [roles.{role}] does not fit {name}: {error}"
        raise BackendError(msg) from error
