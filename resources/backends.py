"""Backends by role and name. Nothing is imported before a profile binds it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from models.faults import ImgEditError
from resources.building import EDITORS, Builder, BuildError, needs_host
from resources.profile import Profile, RoleBinding

BACKENDS: dict[str, dict[str, str]] = {
    "aesthetic_scorer": {
        "statistics": "models.aesthetics.statistics:StatisticsScorer",
        "laion": "models.aesthetics.laion:LaionAestheticScorer",
    },
    "describer": {
        "annotations": "models.describe.annotations:AnnotationDescriber",
        "chat": "models.describe.chat:ChatDescriber",
    },
    "detector": {
        "annotations": "models.detect.annotations:AnnotationDetector",
        "yolo_world": "models.detect.yolo_world:YoloWorld",
        "grounding_dino": "models.detect.grounding_dino:GroundingDino",
        "sam3": "models.detect.sam3:Sam3",
    },
    "segmenter": {
        "grabcut": "models.segment.grabcut:GrabCutSegmenter",
        "sam2": "models.segment.sam2:Sam2",
        "transformers_sam2": "models.segment.transformers_sam2:TransformersSam2",
    },
    "embedder": {
        "studio_clip": "models.embed.studio:StudioEmbedder",
        "open_clip": "models.embed.open_clip:OpenClipEmbedder",
    },
    "instruction_writer": {
        "grammar": "models.write.grammar:GrammarWriter",
        "chat": "models.write.chat:ChatWriter",
    },
    "dialogue_writer": {
        "grammar": "models.dialogues.grammar:GrammarDialogueWriter",
        "chat": "models.dialogues.chat:ChatDialogueWriter",
    },
    "safety_filter": {"opennsfw": "models.safety.opennsfw:OpenNsfw"},
    "painter": {
        "classical": "models.paint.classical:ClassicalPainter",
        "workflows": "models.paint.workflows:WorkflowPainter",
    },
    "judge": {
        "metric": "models.judge.metric:MetricJudge",
        "chat": "models.judge.chat:ChatJudge",
    },
    "editor": EDITORS,
}

CHATS = {
    "openai": "resources.chat.client:ChatClient",
    "scripted": "resources.chat.scripted:Scripted",
    "transformers": "models.chat.vlm:LocalVlm",
}
"""Language models: behind an endpoint that speaks OpenAI's protocol, made up by a scripted one that
a run starts for itself, or on a device here."""

OPTIONAL_ROLES = frozenset({"embedder", "safety_filter", "editor"})
"""Roles that a profile may leave unbound."""


INSTALL_MODELS = "make install-models"


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


def uses_host(profile: Profile) -> bool:
    """Whether any model of a profile is loaded onto a device here."""
    chats = (_path(binding.backend, CHATS, "[chats]") for binding in profile.chats.values())
    roles = (backend_path(profile, role) for role in profile.roles)
    return any(_needs_host(path) for path in (*chats, *roles))


def _needs_host(path: str) -> bool:
    try:
        return needs_host(_loaded(path, path))
    except BackendError:
        # The stage that asks for it says so; the others go on.
        return False


def backend_path(profile: Profile, role: str) -> str:
    """Where a role's backend is found, as `module:Class`."""
    name, known = profile.roles[role].backend, BACKENDS[role]
    return _path(name, known, f"profile {profile.name}: {role}")


def _path(name: str, known: Mapping[str, str], where: str) -> str:
    if ":" in name:
        return name
    if name not in known:
        has = ", ".join(known) or "none yet"
        msg = f"{where} has no backend {name!r}; it has {has}, or give 'module:Class' of your own"
        raise BackendError(msg)
    return known[name]


def missing_package(error: ImportError) -> str:
    """What is not installed, and the command that installs it."""
    return f"{error.name or error} is not installed: {INSTALL_MODELS}"


def make_backend(profile: Profile, role: str, builder: Builder) -> Any:  # noqa: ANN401 - the caller knows the role
    """A new instance of the backend that a profile binds to a role; not yet set up.

    Raises:
        BackendError: It cannot be imported, or does not take the profile's parameters.
    """
    path = backend_path(profile, role)
    return _made(path, profile.roles[role], builder, f"[roles.{role}]", profile.name)


def make_chat(profile: Profile, name: str, builder: Builder) -> Any:  # noqa: ANN401 - a ChatModel
    """The language model of a section of [chats].

    Raises:
        BackendError: There is no such section, or it cannot be made.
    """
    if name not in profile.chats:
        has = ", ".join(profile.chats) or "none"
        msg = f"profile {profile.name} has no [chats.{name}]; it has {has}"
        raise BackendError(msg)
    binding = profile.chats[name]
    path = _path(binding.backend, CHATS, f"profile {profile.name}: [chats.{name}]")
    return _made(path, binding, builder, f"[chats.{name}]", profile.name)


def _made(path: str, binding: RoleBinding, builder: Builder, section: str, profile: str) -> Any:  # noqa: ANN401 - any backend
    try:
        return builder.build(_loaded(path, section), binding.params)
    except BuildError as error:
        msg = f"profile {profile}: {section} does not fit {path.rpartition(':')[2]}: {error}"
        raise BackendError(msg) from error


def _loaded(path: str, section: str) -> Any:  # noqa: ANN401 - any backend's class
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        msg = f"{section}: cannot load {path}: {error}; see `imgedit doctor`"
        raise BackendError(msg) from error
