"""One way to paint: a diffusion pipeline with its settings. `WorkflowPainter` picks one by kind."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from models.faults import Fault
from models.painting import Painting, PaintRequest


class Workflow(Protocol):
    """Paints one or several kinds."""

    @property
    def name(self) -> str:
        """Its name, for the rows that it makes."""

    @property
    def version(self) -> str:
        """Raised by hand whenever its answers change."""

    def params(self) -> Mapping[str, object]:
        """Checkpoints and settings: part of the recipe."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""
