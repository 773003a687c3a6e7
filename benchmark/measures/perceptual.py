"""A distance between pictures by the features of a network, which each measure names."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from models.faults import Fault
from models.geometry import Rgb

_ALEXNET = "alexnet-owt-7be5be79.pth"
"""What torchvision calls the weights under LPIPS."""


class Perceptual(Protocol):
    """A distance, 0 for equal pictures."""

    @property
    def name(self) -> str:
        """The measure's key: figures by two networks are not compared."""

    def __call__(self, one: Rgb, two: Rgb) -> float:
        """The distance of two pictures of one size."""


class StudioDistance:
    """One less the cosine of the embedded embedder's vectors, 0 to 2: of drawn scenes alone."""

    name = "studio_clip"

    def __init__(self) -> None:
        from models.embed.studio import StudioEmbedder

        self._embedder = StudioEmbedder()
        self._embedder.setup()

    def __call__(self, one: Rgb, two: Rgb) -> float:
        """The distance."""
        if np.array_equal(one, two):
            return 0.0
        first, second = self._embedder.embed_images([one, two])
        if isinstance(first, Fault) or isinstance(second, Fault):
            return float("nan")
        return max(0.0, 1.0 - float(first @ second))


class LpipsDistance:
    """LPIPS with AlexNet (Zhang 2018), where its package and weights are installed."""

    name = "lpips_alex"

    def __init__(self) -> None:
        import lpips

        self._network: Any = lpips.LPIPS(net="alex", verbose=False).eval()

    def __call__(self, one: Rgb, two: Rgb) -> float:
        """The distance, 0 to about 1."""
        import torch

        planes = [
            torch.from_numpy(i.transpose(2, 0, 1).copy())[None] / 127.5 - 1 for i in (one, two)
        ]
        with torch.inference_mode():
            return float(self._network(*planes).item())


def perceptual(*, drawn: bool) -> Perceptual | None:
    """LPIPS where it is installed, the studio's for drawn scenes, or none; downloads nothing."""
    if find_spec("lpips") and find_spec("torch"):
        import torch

        if (Path(torch.hub.get_dir()) / "checkpoints" / _ALEXNET).is_file():
            return LpipsDistance()
    return StudioDistance() if drawn else None
