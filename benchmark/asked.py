"""What an editor under test and a judge have in common: somebody who is asked in batches."""

from collections.abc import Mapping
from typing import Protocol


class Asked(Protocol):
    """Who is asked."""

    @property
    def name(self) -> str:
        """What it is called in reports and files: lower case, digits, `-`, `.` and `_`."""

    @property
    def version(self) -> str:
        """Which edition answered: a checkpoint's revision, a service's model, or our own."""

    @property
    def at_once(self) -> int:
        """How many questions it is best asked together."""

    @property
    def lanes(self) -> int:
        """How many threads may ask it at once."""

    def params(self) -> Mapping[str, object]:
        """Everything its answers depend on: it stands in `run_spec.json`."""

    def setup(self) -> None:
        """Load what it needs. Called once, before the first question.

        Raises:
            ImgEditError: It cannot be used; the text holds the remedy.
        """

    def close(self) -> None:
        """End what it started."""


class Weightless:
    """One of them that has nothing to load and nothing to end."""

    __slots__ = ()

    def params(self) -> Mapping[str, object]:
        """There are none."""
        return {}

    def setup(self) -> None:
        """There is nothing to load."""

    def close(self) -> None:
        """There is nothing to end."""
