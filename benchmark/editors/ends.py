"""Editors that know nothing: what a score is worth is seen from what these get."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from benchmark.asked import Weightless
from benchmark.editors.editor import EditCall
from models.faults import Fault, ImgEditError
from models.geometry import Rgb
from models.recorded import Recorded

_Other = Literal["noise", "scene"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _End(Recorded, Weightless, ABC):
    """What they share: nothing to load, nothing to end."""

    version: ClassVar[str] = "1"
    at_once: ClassVar[int] = 16
    lanes: ClassVar[int] = 2

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """An image for each call."""
        return [self._answer(call) for call in calls]

    @abstractmethod
    def _answer(self, call: EditCall) -> Rgb: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyInput(_End):
    """Does nothing at all."""

    name = "copy-input"

    def _answer(self, call: EditCall) -> Rgb:
        return call.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank(_End):
    """Gives a white page of the source's size."""

    name = "blank"

    def _answer(self, call: EditCall) -> Rgb:
        return np.full_like(call.image, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomImage(_End):
    """Gives a picture that has nothing to do with the source."""

    name = "random-image"

    of: _Other = "noise"
    """Noise of the source's size, or one of the studio's scenes."""

    def __post_init__(self) -> None:
        if self.of not in get_args(_Other):
            message = f"random-image: of={self.of}: it is {' or '.join(get_args(_Other))}"
            raise ImgEditError(message)

    def _answer(self, call: EditCall) -> Rgb:
        chance = np.random.default_rng(call.seed)
        if self.of == "noise":
            return chance.integers(0, 256, call.image.shape, np.uint8)
        from models.studio.scene import make_scene, render

        return render(make_scene(int(chance.integers(_FIRST_SCENE, 2 * _FIRST_SCENE))))


_FIRST_SCENE = 1_000_000
"""Far from those that a studio begins with."""
