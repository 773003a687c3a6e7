"""The embedded detector of edits: a linear classifier of noise and frequencies, trained here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from models.faults import Fault, ImgEditError, Reason
from models.forensics.traces import LEAST_SIDE_PX, traces
from models.geometry import Rgb
from models.recorded import Recorded

WEIGHTS = Path(__file__).with_name("traces.json")


@checked(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class TraceWeights:
    """What was learnt: a logistic regression over standardised traces."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weight: tuple[float, ...]
    bias: float
    trained_on: Mapping[str, int]
    """Sources and pictures."""
    held_out: Mapping[str, Mapping[str, float]]
    """Recall by kind of edit and the false-positive rate, with n and 95 % Wilson intervals."""


@dataclass(kw_only=True)
class TraceDetector(Recorded):
    """Tells pictures that the embedded painters edited from untouched ones.

    It was trained on drawn scenes and a few photographs (`benchmark.forensics.training`), and knows
    no other editor and no other codec than JPEG: on others its false-positive rate says how far
    its recall is to be believed.
    """

    name = "traces"
    version = "1"

    _weights: TraceWeights | None = field(default=None, init=False)

    def setup(self) -> None:
        """Read the weights.

        Raises:
            ImgEditError: They are not what training writes.
        """
        try:
            self._weights = TypeAdapter(TraceWeights).validate_json(WEIGHTS.read_bytes())
        except (OSError, ValueError) as error:
            message = f"{WEIGHTS} cannot be used ({error}): install the package anew"
            raise ImgEditError(message) from None

    def detect(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """A probability for each picture; a fault for one with a side under 64 pixels."""
        return [self._probability(image) for image in images]

    def close(self) -> None:
        """There is nothing to end."""

    def _probability(self, image: Rgb) -> float | Fault:
        if self._weights is None:
            message = f"{self.name} is not set up"
            raise ImgEditError(message)
        height, width = image.shape[:2]
        if min(height, width) < LEAST_SIDE_PX:
            detail = f"{width} x {height} px, traces need {LEAST_SIDE_PX} px a side"
            return Fault(reason=Reason.TOO_SMALL, detail=detail)
        learnt = self._weights
        standard = (traces(image) - learnt.mean) / learnt.spread
        return float(1 / (1 + np.exp(-(standard @ learnt.weight + learnt.bias))))
