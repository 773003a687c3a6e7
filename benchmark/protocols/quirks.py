"""Quirks of others' scripts: each has a name, by which it is shown, counted and switched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Quirky:
    """A protocol with quirks; two that are switched otherwise have other names and hashes."""

    switched: Mapping[str, bool] = field(default_factory=dict)
    """Those that are not as the protocol has them by default."""

    called: ClassVar[str]
    quirks: ClassVar[Mapping[str, str]]
    """What can be switched, and what it does where it is on."""
    by_default: ClassVar[bool]

    @property
    def name(self) -> str:
        """Such as "imgedit-official/1", or "imgedit-official/1 -no_cap"."""
        told = (f" {'+' if on else '-'}{quirk}" for quirk, on in sorted(self.switched.items()))
        return self.called + "".join(told)

    def has(self, quirk: str) -> bool:
        """Whether it is on."""
        return self.switched.get(quirk, self.by_default)

    def quirks_on(self) -> dict[str, str]:
        """Those that are on."""
        return {quirk: about for quirk, about in self.quirks.items() if self.has(quirk)}
