"""What the studio knows to be true. For measuring only: no backend under test reads any of it."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import numpy as np

from models.geometry import Bitmap
from models.studio.scene import Scene, make_scene, visible_masks


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskTruth:
    """The visible masks of a scene by name; empty for photographs."""

    names: tuple[str, ...] = ()
    masks: tuple[Bitmap, ...] = ()

    def iou(self, name: str, kind: str, mask: Bitmap) -> float | None:
        """Intersection over union with the truth of that name, or None where nothing is known."""
        if not self.masks:
            return None
        if kind == "background":
            return _iou(mask, ~np.logical_or.reduce(self.masks))
        return max(
            (_iou(mask, m) for n, m in zip(self.names, self.masks, strict=True) if n == name),
            default=None,
        )


def scene_of(uri: str) -> Scene | None:
    """The studio scene behind a URI, or None."""
    parts = urlsplit(uri)
    if (parts.scheme, parts.netloc) != ("studio", "scene"):
        return None
    return make_scene(int(parts.path.strip("/")))


@lru_cache(maxsize=4)
def mask_truth(uri: str) -> MaskTruth:
    """The truth of an image's masks."""
    scene = scene_of(uri)
    if scene is None:
        return MaskTruth()
    return MaskTruth(names=tuple(thing.name for thing in scene.objects), masks=visible_masks(scene))


def _iou(left: Bitmap, right: Bitmap) -> float:
    union = np.count_nonzero(left | right)
    return float(np.count_nonzero(left & right) / union) if union else 0.0
