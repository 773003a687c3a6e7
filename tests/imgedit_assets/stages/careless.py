"""A painter that leaves out owls in too small a hole, and whatever is to be green."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.faults import Fault
from models.paint.classical import ClassicalPainter
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind


class CarelessPainter(ClassicalPainter):
    """The classical one, but for what it leaves as it was."""

    name = "careless"
    without_chance = frozenset[PaintKind]()

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""
        return [_left_out(r, p) for r, p in zip(requests, super().paint(requests), strict=True)]


def _left_out(request: PaintRequest, painting: Painting | Fault) -> Painting | Fault:
    assert isinstance(painting, Painting)
    is_tight = request.target.key == "owl" and request.grow_px < 16
    if not is_tight and request.target.key != "green":
        return painting
    left = request.image[painting.box.slices].copy()
    left[tuple(np.argwhere(painting.alpha)[:20].T)] = 0
    return replace(painting, rgb=left)
