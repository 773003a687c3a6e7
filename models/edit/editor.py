"""What an editor takes, and what every editor is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.faults import Fault
from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """An image and what to do with it."""

    image: Rgb
    instruction: str
    reference: Rgb | None = None
    seed: int = 0


class Editor(Protocol):
    """Edits a whole image as an instruction asks."""

    @property
    def name(self) -> str:
        """Its name, for the rows that it makes."""

    @property
    def version(self) -> str:
        """Raised by hand whenever its answers change."""

    def setup(self) -> None:
        """Load what it needs. Called once, before the first batch."""

    def params(self) -> Mapping[str, object]:
        """Checkpoints and settings: part of the recipe."""

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each request, of the size that the editor gives."""
