"""What the studio knows to be true. For measuring only: no backend under test reads any of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.edit_types.spec import EditType
from models.geometry import Bitmap
from models.studio.known import has_truth
from models.studio.perfect import Case, frame_case, perfect_case
from models.studio.scene import Scene, visible_masks
from resources.operations import operations_from_json
from resources.schema import Dialogue, FilteredImage, ImportedPair, Instruction, VideoFrame
from resources.sources.studio import studio_scene
from resources.store import Store
from resources.uris import scheme_of

Shown = FilteredImage | ImportedPair | VideoFrame
"""A picture that was made from."""


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


@lru_cache(maxsize=4)
def mask_truth(uri: str) -> MaskTruth:
    """The truth of an image's masks."""
    scene = known_scene(uri)
    if scene is None:
        return MaskTruth()
    return MaskTruth(names=tuple(thing.name for thing in scene.objects), masks=visible_masks(scene))


def is_known(uri: str) -> bool:
    """Whether a URI is one of the studio's."""
    return scheme_of(uri) == "studio"


def known_scene(uri: str) -> Scene | None:
    """The studio's scene or frame behind a URI, or None for a photograph."""
    return studio_scene(uri) if is_known(uri) else None


def image_uris(store: Store, asked: Sequence[Instruction | Dialogue]) -> dict[str, tuple[str, ...]]:
    """The URIs of the image, or of both frames, that each instruction or dialogue is about."""
    ids = [row.image_id for row in asked]
    images: dict[str, Shown] = {
        **store.by_ids(FilteredImage, ids),
        **store.by_ids(ImportedPair, ids),
    }
    frames: dict[str, Shown] = {
        **store.by_ids(VideoFrame, [p for row in asked if _has_frames(row) for p in row.parent_ids])
    }
    found: dict[str, tuple[str, ...]] = {}
    for row in asked:
        seen = (
            [frames.get(p) for p in row.parent_ids]
            if _has_frames(row)
            else [images.get(row.image_id)]
        )
        # An instruction whose image is gone is about to go itself.
        if all(seen):
            found[row.id] = tuple(image.uri for image in seen if image)
    return found


def _has_frames(row: Instruction | Dialogue) -> bool:
    return isinstance(row, Instruction) and len(row.parent_ids) == 2 and bool(row.after_version_id)


def studio_case(
    uris: Sequence[str],
    operations: str,
    masks: Sequence[Bitmap],
    edit_types: Mapping[str, EditType],
) -> Case | None:
    """The perfect result of an edit of studio scenes.

    None where the images are photographs, or nobody knows what right would look like.
    """
    scenes = [scene for uri in uris if (scene := known_scene(uri)) is not None]
    if len(scenes) != len(uris):
        return None
    asked = operations_from_json(operations)
    if not has_truth(asked, edit_types):
        return None
    if len(scenes) > 1:
        return frame_case(scenes[0], scenes[1], asked[0])
    return perfect_case(scenes[0], asked, masks, edit_types)


def _iou(left: Bitmap, right: Bitmap) -> float:
    union = np.count_nonzero(left | right)
    return float(np.count_nonzero(left & right) / union) if union else 0.0
