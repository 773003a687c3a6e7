"""Recipes by which judges are trained, by the kind that a profile's [judges.<name>] gives."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from resources.backends import BackendError, missing_package
from resources.building import Builder, BuildError

if TYPE_CHECKING:
    from models.judge.learner import Learner
    from resources.profile import Profile

LEARNERS: Mapping[str, str] = {
    "small": "models.judge.small.learner:SmallLearner",
    "qwen_vl": "models.judge.vlm.learner:QwenLearner",
}


def make_learner(profile: "Profile", name: str, builder: Builder) -> "Learner":
    """What trains a variant; nothing is loaded yet.

    Raises:
        BackendError: The profile has no such variant, or its section is of no use.
    """
    section = f"profile {profile.name}: [judges.{name}]"
    if name not in profile.judges:
        msg = f"{section} is not there; there is {', '.join(profile.judges) or 'none'}"
        raise BackendError(msg)
    variant = profile.judges[name]
    if variant.kind not in LEARNERS:
        msg = f"{section}: there is no kind {variant.kind!r}; there is {', '.join(LEARNERS)}"
        raise BackendError(msg)
    module, _, made = LEARNERS[variant.kind].partition(":")
    try:
        learner: Learner = builder.build(getattr(import_module(module), made), variant.params)
    except ImportError as error:
        msg = f"{section}: {missing_package(error)}"
        raise BackendError(msg) from error
    except BuildError as error:
        msg = f"{section} does not fit {made}: {error}"
        raise BackendError(msg) from error
    return learner
