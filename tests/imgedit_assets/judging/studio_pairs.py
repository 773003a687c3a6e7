"""Removals from studio scenes as rows of a store, each with the perfect result, or with none."""

from collections.abc import Iterable

import numpy as np

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.geometry import Rgb
from models.masks import Rle
from models.studio.perfect import perfect_case
from models.studio.scene import render, visible_masks
from models.versions import Codec
from models.vocabulary import Target
from resources.operations import operations_to_json
from resources.schema import EditPair, Version
from resources.sources.encode import lossless
from resources.sources.studio import studio_scene
from resources.store import Store
from tests.imgedit_assets.lineages import chain, write

LEARNT, HELD_OUT = (0, 2, 3), (1,)
"""Scenes on either side of `is_held_out`."""


def removed(number: int) -> tuple[Operation, np.ndarray]:
    """The removal of a scene's largest object, and its mask."""
    masks = visible_masks(studio_scene(f"studio://scene/{number}"))
    largest = max(masks, key=np.count_nonzero)
    target = Target(key="", phrase="")
    return Operation(edit_type="remove", subject=0, name="it", target=target), largest


def put_pairs(store: Store, numbers: Iterable[int], *, undone: bool = False) -> list[EditPair]:
    """A chain of rows from each scene to an accepted pair, with pictures.

    Args:
        store: An empty one.
        numbers: Of scenes.
        undone: Whether the target is the source; else it is perfect.
    """
    rows, versions = [], []
    for number in numbers:
        scene = studio_scene(f"studio://scene/{number}")
        operation, mask = removed(number)
        source, target = render(scene), render(scene)
        if not undone:
            case = perfect_case(scene, [operation], [mask], load_edit_types())
            target = case.sides["target"].perfect
        made = [
            root_version(f"{name} {number}", image)
            for name, image in (("s", source), ("t", target))
        ]
        height, width = mask.shape
        pair = {
            "instruction": "Remove it",
            "operations": operations_to_json([operation]),
            "turns": 1,
            "root_version_id": made[0].id,
            "source_version_id": made[0].id,
            "target_version_id": made[1].id,
            "width": width,
            "height": height,
            "masks": (Rle.encode(mask).counts,),
        }
        image = {"version_id": made[0].id, "uri": f"studio://scene/{number}", "sha256": f"{number}"}
        versions += made
        rows += chain(
            str(number),
            source_images=image,
            filtered_images=image,
            edit_pairs=pair,
            scored_pairs=pair,
            accepted_pairs=pair,
        )
    store.insert(Version, versions)
    write(store, rows)
    return [row for row in rows if isinstance(row, EditPair)]


def root_version(name: str, image: Rgb) -> Version:
    height, width = image.shape[:2]
    return Version(
        id=name,
        asset="edit_pairs",
        partition="",
        parent_id="",
        row_id="",
        codec=Codec.SOURCE,
        x0=0,
        y0=0,
        x1=width,
        y1=height,
        payload=lossless(image),
    )
