"""Backends by role and name. Nothing is imported before a profile binds it.

A backend of one's own is code. `check_roles`, and with it `imgedit up`, `status` and loading the
definitions, look at its name alone; `imgedit doctor` imports its module and looks at the class;
what uses the role (a run, a search, an export) makes one, once the class satisfies the protocol.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeVar

from models.chat.chat_model import ChatModel
from models.faults import ImgEditError
from models.judge.learner import HOSTED
from resources.building import EDITORS, Builder, BuildError, Plan, needs_host
from resources.conformance import shortcomings
from resources.pasted_keys import shown, without_keys
from resources.profile import Profile, RoleBinding
from resources.roles import PROTOCOLS, Backend
from resources.schema import ASSET_ROWS

T = TypeVar("T")

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
        "metric": "models.judge.pair:MetricJudge",
        "chat": "models.judge.chat:ChatJudge",
        "trained": "resources.trained_judge:TrainedVariant",
        "lines": "models.judge.vlm.judge:LinesJudge",
        "imgedit_judge": "models.judge.vlm.judge:ImgEditJudge",
        "editscore": "models.judge.vlm.editscore:EditScoreJudge",
        "editreward": "models.judge.vlm.reward:RewardJudge",
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


INSTALL_MODELS, INSTALL_EDITOR = "make install-models", "make install-editor"


class BackendError(ImgEditError):
    """A role is bound to something that cannot be made."""


def check_roles(profile: Profile) -> None:
    """Make sure that every role is bound, and to a backend that may exist; imports nothing.

    Raises:
        BackendError: A role is unknown or unbound, a backend is unknown, or actors are of no role.
    """
    if strange := sorted(profile.engine.actors.keys() - BACKENDS.keys() - ASSET_ROWS.keys()):
        msg = (
            f"profile {profile.name}: [engine.actors.{strange[0]}] is of no role and no asset; "
            f"roles are {', '.join(BACKENDS)}"
        )
        raise BackendError(msg)
    for name in profile.chats:
        _chat_path(profile, name)
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
    chats = (_needs_host(_chat_path(profile, name), ChatModel) for name in profile.chats)
    # A trained judge is one of the variants.
    bound = [role for role, binding in profile.roles.items() if binding.backend != "trained"]
    roles = (_needs_host(backend_path(profile, role), PROTOCOLS[role]) for role in bound)
    judges = (v.kind in HOSTED for v in profile.judges.values() if v.enabled)
    return any((*judges, *chats, *roles))


def role_uses_host(profile: Profile, role: str) -> bool:
    """Whether the backend of a role, or of an asset's stage, loads a model onto a device."""
    if role not in profile.roles:
        return uses_host(profile)
    if profile.roles[role].backend == "trained":
        return any(v.kind in HOSTED for v in profile.judges.values() if v.enabled)
    return _needs_host(backend_path(profile, role), PROTOCOLS[role])


def _needs_host(path: str, protocol: type[Any]) -> bool:
    try:
        return needs_host(_loaded(path, protocol, path))
    except (BackendError, BuildError):
        # The stage that asks for it says so; the others go on.
        return False


def backend_path(profile: Profile, role: str) -> str:
    """Where a role's backend is found, as `module:Class`."""
    return _path(profile.roles[role].backend, BACKENDS[role], f"{profile.name}: [roles.{role}]")


def about(role: str, name: str) -> str:
    """What a built-in backend of a role is, in a line; empty for one of somebody's own."""
    if (path := BACKENDS[role].get(name)) is None:
        return ""
    module, _, made = path.partition(":")
    return (inspect.getdoc(getattr(import_module(module), made)) or "").partition("\n")[0]


def _chat_path(profile: Profile, name: str) -> str:
    return _path(profile.chats[name].backend, CHATS, f"{profile.name}: [chats.{name}]")


def _path(name: str, known: Mapping[str, str], where: str) -> str:
    if name in known:
        return known[name]
    module, _, made = name.partition(":")
    if made.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return name
    has = ", ".join(known)
    msg = (
        f"profile {where}: there is no backend {shown(name)}; there is {has}, "
        "or give 'module:Class' of your own"
    )
    raise BackendError(msg)


def missing_package(error: ImportError) -> str:
    """What is not installed, and the command that installs it."""
    return f"{error.name or error} is not installed: {INSTALL_MODELS}"


def plan_backend(profile: Profile, role: str, builder: Builder) -> Plan[Backend]:
    """What would be made of the backend that a profile binds to a role; nothing is made.

    Raises:
        BackendError: It cannot be imported, is no such backend, or does not take the profile's
            parameters.
    """
    path, section = backend_path(profile, role), f"profile {profile.name}: [roles.{role}]"
    return _planned(path, PROTOCOLS[role], profile.roles[role], builder, section)


def plan_chat(profile: Profile, name: str, builder: Builder) -> Plan[ChatModel]:
    """What would be made of a section of [chats]; nothing is made.

    Raises:
        BackendError: There is no such section, or as for `plan_backend`.
    """
    if name not in profile.chats:
        has = ", ".join(profile.chats) or "none"
        msg = f"profile {profile.name} has no [chats.{name}]; it has {has}"
        raise BackendError(msg)
    path, section = _chat_path(profile, name), f"profile {profile.name}: [chats.{name}]"
    return _planned(path, ChatModel, profile.chats[name], builder, section)


def make_backend(profile: Profile, role: str, builder: Builder) -> Backend:
    """A new instance of the backend that a profile binds to a role; not yet set up.

    Raises:
        BackendError: As for `plan_backend`, or it refuses its parameters.
    """
    section = f"profile {profile.name}: [roles.{role}]"
    return _made(plan_backend(profile, role, builder), section)


def make_chat(profile: Profile, name: str, builder: Builder) -> ChatModel:
    """The language model of a section of [chats].

    Raises:
        BackendError: As for `plan_chat`, or it refuses its parameters.
    """
    section = f"profile {profile.name}: [chats.{name}]"
    return _made(plan_chat(profile, name, builder), section)


def _made(plan: Plan[T], section: str) -> T:
    try:
        return plan.make()
    except BuildError as error:
        msg = f"{section} does not fit {plan.made.__name__}: {error}"
        raise BackendError(msg) from error


def _planned(
    path: str, protocol: type[Any], binding: RoleBinding, builder: Builder, section: str
) -> Plan[Any]:
    made = _loaded(path, protocol, section)
    try:
        return builder.plan(made, binding.params)
    except BuildError as error:
        msg = f"{section} does not fit {path.rpartition(':')[2]}: {error}"
        raise BackendError(msg) from error


def _loaded(path: str, protocol: type[Any], section: str) -> type[Any]:
    """The class at a path, once it is known to satisfy a protocol."""
    module, _, name = path.partition(":")
    try:
        found: object = getattr(import_module(module), name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module of one's own may raise anything, `SystemExit` too
        said = f"{type(error).__name__}: " * (not isinstance(error, ImportError | AttributeError))
        msg = f"{section}: cannot load {path}: {said}{_line(error)}; see `imgedit doctor`"
        raise BackendError(msg) from error
    if lacking := shortcomings(found, protocol):
        kind = protocol.__name__
        msg = f"{section}: {path} is no {kind}: {', '.join(lacking)}; bind a class that is one"
        raise BackendError(msg)
    assert isinstance(found, type)
    return found


def _line(error: BaseException) -> str:
    return without_keys(" ".join(str(error).split())) or "it does not say why"
