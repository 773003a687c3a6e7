"""Detectors of edits by name."""

from collections.abc import Mapping
from typing import Any

from benchmark.forensics.command import CommandDetector
from benchmark.names import demand_known
from models.faults import ImgEditError
from models.forensics.embedded import TraceDetector
from resources.roles import ForensicDetector

DETECTORS: Mapping[str, str] = {
    "embedded": "noise and frequencies, trained on the embedded painters' edits; takes none",
    "command": 'any program, such as FakeShield: run="python my_detector.py", folder=, '
    "timeout_s=, start_s=, log=, name=, version=",
}
"""Every detector with what it is and its arguments."""


def make_detector(name: str, args: Mapping[str, Any]) -> ForensicDetector:
    """A detector, not yet set up.

    Raises:
        ImgEditError: There is no such detector, or it does not take the arguments.
    """
    known = {"embedded": TraceDetector, "command": CommandDetector}
    demand_known("detector", name, known)
    try:
        made: ForensicDetector = known[name](**args)
    except (TypeError, ValueError) as error:
        message = f"--detector-args: {name}: {error}; `ls` lists the arguments"
        raise ImgEditError(message) from None
    return made
