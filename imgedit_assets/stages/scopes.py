"""What an instruction or a dialogue will be about: an image with some of its regions."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.masks import region_kind
from models.edit_types.spec import EditType, Operation
from models.faults import FaultError, Reason
from models.masks import Rle
from models.regions.motion import moved_mask
from models.regions.select import RegionView, select_edits
from models.vocabulary import Target
from resources.operations import operations_from_json
from resources.schema import Caption, EditableRegion, FilteredImage, ImportedPair, VideoFrame
from resources.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """An image with regions, two frames of a clip, or the turns of an imported dialogue."""

    image: FilteredImage | VideoFrame | ImportedPair
    after: VideoFrame | None = None
    imported: tuple[ImportedPair, ...] = ()
    regions: tuple[EditableRegion, ...] = ()
    caption: Caption | None = None

    @property
    def parents(self) -> tuple[str, ...]:
        """The rows it is made of; a region's chain leads to its caption and image."""
        if self.after:
            return (self.image.id, self.after.id)
        if self.imported:
            return tuple(pair.id for pair in self.imported)
        if self.regions:
            return tuple(region.id for region in self.regions)
        return (self.caption.id if self.caption else self.image.id,)

    @property
    def drawn(self) -> bool:
        """Whether the image is an illustration."""
        return self.image.uri.startswith("studio:")


def image_scopes(stage: AssetStage[Any, Any, Any], edit_type: EditType) -> Iterator[Scope]:
    """The edits of a type that its region rule selects on the images of the stage's shard."""
    captions = {c.image_id: c for c in stage.current(Caption)}
    regions: dict[str, list[EditableRegion]] = defaultdict(list)
    for region in stage.current(EditableRegion):
        regions[region.image_id].append(region)
    for image in stage.current(FilteredImage):
        found = regions[image.id]
        for chosen in select_edits(
            edit_type,
            [_view(r) for r in found],
            per_image=stage.profile.edits.per_image,
            width=image.width,
            height=image.height,
        ):
            yield Scope(
                image=image,
                regions=tuple(found[i] for i in chosen),
                caption=captions.get(image.id),
            )


def imported_scopes(stage: AssetStage[Any, Any, Any], edit_type: EditType) -> Iterator[Scope]:
    """The imported pairs of a type; of a type of dialogues, each with all of its turns."""
    dialogues: dict[str, list[ImportedPair]] = defaultdict(list)
    for pair in stage.current(ImportedPair):
        if pair.label == edit_type.name:
            shared = pair.dialogue if edit_type.dialogue else ""
            dialogues[shared or pair.id].append(pair)
    for turns in dialogues.values():
        turns.sort(key=lambda pair: pair.turn)
        yield Scope(image=turns[0], imported=tuple(turns))


def imported_operations(pair: ImportedPair) -> tuple[Operation, ...]:
    """What the pair says that is done; else one operation of its class, which names nothing."""
    if pair.operations:
        return operations_from_json(pair.operations)
    nothing = Target(key="", phrase="")
    return (Operation(edit_type=pair.label, subject=0, name="", target=nothing),)


def imported_masks(store: Store, pair: ImportedPair) -> tuple[Rle, ...]:
    """Where the pair says that it was edited, or else where its pictures differ.

    One mask for each subject of `imported_operations`.

    Raises:
        FaultError: The pictures are equal.
    """
    masks = tuple(Rle(counts=c, height=pair.height, width=pair.width) for c in pair.masks)
    if pair.operations and masks:
        return masks
    if masks:
        return (Rle.encode(np.logical_or.reduce([mask.decode() for mask in masks])),)
    changed = moved_mask(store.render(pair.source_version_id), store.render(pair.target_version_id))
    if not changed.any():
        raise FaultError(Reason.UNCHANGED, f"{pair.uri}: source and target are equal")
    return (Rle.encode(changed),)


def _view(region: EditableRegion) -> RegionView:
    return RegionView(
        name=region.name,
        kind=region_kind(region.kind),
        box=region.box,
        area_frac=region.area_frac,
    )
