"""Protocols by the names that `--protocol` takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from benchmark.cases import Suite
from benchmark.names import demand_known
from benchmark.protocols import gedit, kris
from benchmark.protocols.gedit import GEditProtocol
from benchmark.protocols.kris import KrisProtocol
from benchmark.protocols.lmms_eval import LmmsEvalProtocol
from benchmark.protocols.official import OfficialProtocol
from benchmark.protocols.parted import read_prompts
from benchmark.protocols.protocol import Reading, ScoringProtocol
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

_OF_RUBRICS: Mapping[str, Callable[..., ScoringProtocol]] = {
    "strict-labels": StrictLabelsProtocol,
    "official": OfficialProtocol,
    "lmms-eval": LmmsEvalProtocol,
}


def make_protocol(name: str, suite: Suite) -> ScoringProtocol:
    """A protocol for a suite.

    Raises:
        ImgEditError: There is no such protocol, it is not for this suite, or the suite's folder
            lacks the rubrics that it asks with.
    """
    _demand(name, suite.name)
    if name == STRICT:
        return StrictProtocol()
    folder = cast(ListedSuite, suite).folder
    if name == "gedit":
        return GEditProtocol(prompts=read_prompts(folder, name, gedit.PARTS))
    if name == "kris":
        return KrisProtocol(prompts=read_prompts(folder, name, kris.PARTS))
    return _OF_RUBRICS[name](rubrics=read_rubrics(folder, suite.tasks))


def make_reading(name: str, suite: Suite) -> Reading:
    """A protocol for recorded answers to the official rubrics, which nobody is asked any more.

    Raises:
        ImgEditError: There is no such protocol, or the suite has no official rubrics.
    """
    name = "strict-labels" if name == STRICT else name
    if suite.name not in _IMGEDIT:
        message = f"--answers is for {', '.join(_IMGEDIT)}, whose rubrics ask for lines of text"
        raise ImgEditError(message)
    _demand(name, suite.name)
    return _OF_RUBRICS[name]()


def _demand(name: str, suite: str) -> None:
    demand_known("protocol", name, PROTOCOLS)
    if (suites := PROTOCOLS[name].suites) and suite not in suites:
        message = (
            f"--protocol {name} is for {', '.join(suites)}, not for {suite}: "
            f"give --protocol {STRICT}"
        )
        raise ImgEditError(message)
