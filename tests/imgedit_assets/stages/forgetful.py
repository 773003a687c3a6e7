"""A painter that paints as the embedded one, and does not tell what it has put in."""

from collections.abc import Sequence
from dataclasses import replace

from models.faults import Fault
from models.paint.classical import ClassicalPainter
from models.painting import Painting, PaintRequest


class ForgetfulPainter(ClassicalPainter):
    """As a model that only returns pixels."""

    name = "forgetful"

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels, and no mask of the new object."""
        answers = super().paint(requests)
        return [a if isinstance(a, Fault) else replace(a, subject=None) for a in answers]
