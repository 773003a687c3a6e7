"""Recipes by which judges and editors are trained, by the kind that a profile's section gives."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from resources.backends import INSTALL_EDITOR, BackendError, missing_package
from resources.building import Builder, BuildError
from resources.profile_variants import Variant

if TYPE_CHECKING:
    from resources.profile import Profile

LEARNERS: Mapping[str, Mapping[str, str]] = {
    "judges": {
        "small": "models.judge.small.learner:SmallLearner",
        "qwen_vl": "models.judge.vlm.learner:QwenLearner",
    },
    "editors": {
        "e1": "models.e1.e1_learner:E1Learner",
    },
}
"""By the profile's section: what trains a kind, as `module:Class`."""

NEEDED = ("torch", "diffusers", "transformers", "tensorboard")
"""Packages that editors are trained with, and are no part of the default installation."""


class MissingPackageError(BackendError):
    """What a variant is trained with is not installed."""


def lacking_package() -> str:
    """The first of `NEEDED` that is not installed, and the remedy; empty where all are."""
    lacking = next((name for name in NEEDED if find_spec(name) is None), "")
    return f"{lacking} is not installed: {INSTALL_EDITOR}" if lacking else ""


def make_learner(profile: "Profile", section: str, name: str, builder: Builder) -> Any:  # noqa: ANN401 - by section
    """What trains a variant of a section, [judges] say; nothing is loaded yet.

    Raises:
        BackendError: The profile has no such variant, or its section is of no use.
        MissingPackageError: What it is trained with is not installed.
    """
    where, kinds = f"profile {profile.name}: [{section}.{name}]", LEARNERS[section]
    variants: Mapping[str, Variant] = getattr(profile, section)
    if name not in variants:
        msg = f"{where} is not there; there is {', '.join(variants) or 'none'}"
        raise BackendError(msg)
    variant = variants[name]
    if variant.kind not in kinds:
        msg = f"{where}: there is no kind {variant.kind!r}; there is {', '.join(kinds)}"
        raise BackendError(msg)
    if section == "editors" and (problem := lacking_package()):
        msg = f"{where}: {problem}"
        raise MissingPackageError(msg)
    module, _, made = kinds[variant.kind].partition(":")
    try:
        return builder.build(getattr(import_module(module), made), variant.params)
    except ImportError as error:
        msg = f"{where}: {missing_package(error)}"
        raise BackendError(msg) from error
    except BuildError as error:
        msg = f"{where} does not fit {made}: {error}"
        raise BackendError(msg) from error
