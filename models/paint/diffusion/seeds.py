"""Noise that belongs to a request, so that its painting is the same in any batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.painting import PaintRequest

if TYPE_CHECKING:
    import torch


def generators(requests: Sequence[PaintRequest]) -> "list[torch.Generator]":
    """One generator for each request. On the CPU, where noise does not depend on the device."""
    import torch

    return [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
