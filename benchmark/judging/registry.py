"""Judges by name."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.arguments import USUAL, Service, arguments
from benchmark.judging.chat import ChatBenchJudge
from benchmark.judging.judge import BenchJudge
from benchmark.names import demand_known
from models.faults import ImgEditError
from resources.home import Home, profile_name

if TYPE_CHECKING:
    from resources.building import Builder
    from resources.profile import Profile

JUDGES: Mapping[str, str] = {
    "metric": "measures on pixels, no model; for cases whose mask and operations are known",
    "chat": "a model behind any OpenAI-compatible endpoint: model=, base_url=, key_env=, "
    "usd_per_m_input=, usd_per_m_output=, …",
    "local": "a vision-language model on a device here, such as Qwen2.5-VL or ImgEdit-Judge: "
    "weights=FOLDER or a repository of the hub",
    "profile": "the judge of a profile's [roles.judge], such as EditScore, EditReward or "
    "ImgEdit-Judge (docs/models.md), or a class of your own: profile=FILE",
    "scripted": "an endpoint that makes its answers up, for trying things: script=FILE",
}
"""Every judge with what it is and its arguments."""

_CHATS = {"chat": "openai", "local": "transformers", "scripted": "scripted"}
_OWN: Mapping[str, type] = {"label": str, "temperature": float, "max_tokens": int}


def make_judge(
    name: str, args: Mapping[str, Any], *, ledger: Path, cost_limit_usd: float | None = None
) -> BenchJudge:
    """A judge, not yet set up.

    Args:
        name: A name of `JUDGES`.
        args: Its arguments.
        ledger: The folder where paid answers are kept.
        cost_limit_usd: What a chat model may cost in all, answers of earlier runs in the ledger
            included.

    Raises:
        ImgEditError: There is no such judge, or it does not take the arguments.
    """
    demand_known("judge", name, JUDGES)
    if name == "metric":
        from benchmark.judging.role import BenchMetricJudge

        if args:
            message = "--judge-args: the metric judge takes none"
            raise ImgEditError(message)
        return BenchMetricJudge()
    if name == "profile":
        return _of_profile(args, ledger)
    own = {key: _typed(key, args[key]) for key in _OWN & args.keys()}
    chat = {key: value for key, value in args.items() if key not in _OWN}
    if cost_limit_usd is not None and name == "chat":
        chat["budget_usd"] = cost_limit_usd
    return ChatBenchJudge(chat=_chat(_CHATS[name], chat, ledger), **own)


def make_judges(
    names: Sequence[str],
    args: Sequence[str],
    *,
    ledger: Path,
    cost_limit_usd: float | None = None,
    service: Service = USUAL,
) -> list[BenchJudge]:
    """The judges that a command names, with their arguments in the same order.

    Raises:
        ImgEditError: As of `make_judge`, or two would be called alike.
    """
    if len(args) > len(names):
        message = "there are more --judge-args than --judge: give them in the same order"
        raise ImgEditError(message)
    made = [
        make_judge(
            name,
            {**(service.arguments("max_in_flight") if name == "chat" else {}), **given},
            ledger=ledger,
            cost_limit_usd=cost_limit_usd,
        )
        for name, text in zip_longest(names, args, fillvalue="")
        for given in [arguments(text, "--judge-args")]
    ]
    called = Counter(judge.name for judge in made)
    if twice := [name for name, count in called.items() if count > 1]:
        message = f"two judges are called {twice[0]}: give one a --judge-args label=NAME"
        raise ImgEditError(message)
    return made


def _typed(key: str, value: object) -> Any:  # noqa: ANN401 - what the key is
    try:
        return _OWN[key](value)
    except (TypeError, ValueError):
        message = f"--judge-args: {key}={value}: give a {_OWN[key].__name__}"
        raise ImgEditError(message) from None


def _of_profile(args: Mapping[str, Any], ledger: Path) -> BenchJudge:
    from benchmark.judging.role import RoleBenchJudge
    from resources.backends import make_backend
    from resources.profile import load_profile

    if unknown := sorted(args.keys() - {"profile", "label"}):
        message = f"--judge-args: profile does not take {unknown[0]}; it takes profile and label"
        raise ImgEditError(message)
    profile = load_profile(str(args.get("profile", profile_name())))
    judge: Any = make_backend(profile, "judge", _builder(profile, ledger))
    if getattr(judge, "trial", False):
        judge = replace(judge, trial=False)  # the benchmark has a trial of its own
    return RoleBenchJudge(judge=judge, label=str(args.get("label", "")))


def _chat(backend: str, args: Mapping[str, Any], ledger: Path) -> Any:  # noqa: ANN401 - a ChatModel
    """The chat model, made as a profile's [chats] section is."""
    from resources.backends import make_chat
    from resources.profile import RoleBinding, load_profile

    binding = RoleBinding(backend=backend, **args)
    profile = load_profile().model_copy(update={"name": "--judge", "chats": {"judge": binding}})
    return make_chat(profile, "judge", _builder(profile, ledger))


def _builder(profile: "Profile", ledger: Path) -> "Builder":
    from models.hosting import SoloHost
    from resources.backends import make_chat
    from resources.building import Builder
    from resources.checkpoints import Checkpoints

    builder = Builder(
        checkpoints=Checkpoints(home=Home.of().folder),
        host=SoloHost(),
        runtime=profile.runtime,
        chat=lambda name: make_chat(profile, name, builder),
        more={"ledger": ledger},
    )
    return builder
