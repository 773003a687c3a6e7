"""Protocols by the names that `--protocol` takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from benchmark.arguments import arguments
from benchmark.cases import Suite
from benchmark.names import demand_known
from benchmark.protocols import gedit, kris
from benchmark.protocols.gedit import GEditProtocol
from benchmark.protocols.kris import KrisProtocol
from benchmark.protocols.lmms_eval import LmmsEvalProtocol
from benchmark.protocols.official import OfficialProtocol
from benchmark.protocols.parted import read_prompts
from benchmark.protocols.protocol import Reading, ScoringProtocol
from benchmark.protocols.quirks import Quirky
from benchmark.protocols.rubrics import read_rubrics
from benchmark.protocols.strict import StrictProtocol
from benchmark.protocols.strict_labels import StrictLabelsProtocol
from benchmark.suites.listing import ListedSuite
from models.faults import ImgEditError

STRICT = "strict"


@dataclass(frozen=True, slots=True)
class ProtocolKind:
    """What a protocol is, and which suites it is for."""

    about: str
    """In one line."""
    suites: tuple[str, ...] = ()
    """Empty for all."""


_IMGEDIT = ("imgedit-basic",)

PROTOCOLS: Mapping[str, ProtocolKind] = {
    STRICT: ProtocolKind("imgedit-bench/1, this project's own: adherence caps, nothing vanishes"),
    "strict-labels": ProtocolKind("the same of answers to the official rubrics", _IMGEDIT),
    "official": ProtocolKind(
        "the published script's rubrics and arithmetic, quirks named", _IMGEDIT
    ),
    "lmms-eval": ProtocolKind("the official rubrics, counted as lmms-eval 0.7 counts", _IMGEDIT),
    "gedit": ProtocolKind("GEdit's two questions and its formula", ("gedit",)),
    "kris": ProtocolKind("KRIS's metrics, one question each", ("kris",)),
}
"""Every protocol: the names are a contract."""

_MADE: Mapping[str, type[Quirky | StrictLabelsProtocol]] = {
    "strict-labels": StrictLabelsProtocol,
    "official": OfficialProtocol,
    "lmms-eval": LmmsEvalProtocol,
    "gedit": GEditProtocol,
    "kris": KrisProtocol,
}
_PARTS = {"gedit": gedit.PARTS, "kris": kris.PARTS}


def make_protocol(text: str, suite: Suite) -> ScoringProtocol:
    """A protocol for a suite.

    Args:
        text: Its name, and perhaps quirks to be switched: "official,no_cap=false".
        suite: The suite.

    Raises:
        ImgEditError: There is no such protocol or quirk, it is not for this suite, or the suite's
            folder lacks the rubrics that it asks with.
    """
    name, switched = _understood(text, suite.name)
    if name == STRICT:
        return StrictProtocol()
    folder = cast(ListedSuite, suite).folder
    if name in _PARTS:
        return _made(name, switched, prompts=read_prompts(folder, name, _PARTS[name]))
    return _made(name, switched, rubrics=read_rubrics(folder, suite.tasks))


def make_reading(text: str, suite: Suite) -> Reading:
    """A protocol for recorded answers to the official rubrics, which nobody is asked any more.

    Raises:
        ImgEditError: There is no such protocol or quirk, or the suite has no official rubrics.
    """
    if suite.name not in _IMGEDIT:
        message = f"--answers is for {', '.join(_IMGEDIT)}, whose rubrics ask for lines of text"
        raise ImgEditError(message)
    return _made(*_understood("strict-labels" if text == STRICT else text, suite.name))


def quirks_of(name: str) -> Mapping[str, str]:
    """What can be switched of a protocol, and what it does where it is on."""
    made = _MADE.get(name)
    return made.quirks if made and issubclass(made, Quirky) else {}


def _understood(text: str, suite: str) -> tuple[str, dict[str, bool]]:
    """The name of a protocol for the suite, and the quirks that are not as it has them."""
    name, _, quirks = text.partition(",")
    demand_known("protocol", name, PROTOCOLS)
    if (suites := PROTOCOLS[name].suites) and suite not in suites:
        message = (
            f"--protocol {name} is for {', '.join(suites)}, not for {suite}: "
            f"give --protocol {STRICT}"
        )
        raise ImgEditError(message)
    switched = arguments(quirks, "--protocol")
    for quirk, on in switched.items():
        demand_known(f"quirk of {name}", quirk, quirks_of(name))
        if not isinstance(on, bool):
            message = f"--protocol: {quirk}={on}: give true or false"
            raise ImgEditError(message)
    return name, switched


def _made(name: str, switched: Mapping[str, bool], **given: Mapping[str, str]) -> ScoringProtocol:
    made: Any = _MADE[name]
    quirks = {q: on for q, on in switched.items() if on != made.by_default}
    protocol: ScoringProtocol = made(**given, **({"switched": quirks} if quirks else {}))
    return protocol
