"""The region gate with an embedder that cannot always tell."""

import numpy as np
import pytest

from imgedit_assets.stages.editable_regions import Cut, EditableRegions, Gated, MaskOf
from models.faults import Fault, Reason
from models.masks import Rle
from resources.engine.stage import Work
from resources.factory import Factory
from resources.profile import RoleBinding
from resources.recipes import digest
from resources.schema import FilteredImage, Mask

SIDE_PX = 100


@pytest.fixture
def stage(factory: Factory) -> EditableRegions:
    binding = RoleBinding(backend="tests.imgedit_assets.stages.only_drawings:OnlyDrawings")
    roles = {**factory.profile.roles, "embedder": binding}
    profile = factory.profile.model_copy(update={"roles": roles})
    return EditableRegions(Factory(store=factory.store, profile=profile), shard="a")


def work(stage: EditableRegions, uri: str, mask_score: float) -> Work[MaskOf]:
    """A unit about a mask of a tenth of an image."""
    shared = {"recipe_id": "", "run_id": "", "shard": "a"}
    size = {"width": SIDE_PX, "height": SIDE_PX}
    image = FilteredImage(
        id=digest(uri),
        parent_ids=(),
        uri=uri,
        version_id="",
        aesthetic=5.0,
        phash="",
        unsafe=None,
        sha256="",
        annotation="",
        **shared,
        **size,
    )
    bitmap = np.zeros((SIDE_PX, SIDE_PX), bool)
    bitmap[:10] = True
    mask = Mask(
        id=digest(uri, str(mask_score)),
        parent_ids=(),
        image_id=image.id,
        name="boat",
        kind="object",
        x0=0,
        y0=0,
        x1=SIDE_PX,
        y1=10,
        rle=Rle.encode(bitmap).counts,
        area_frac=0.1,
        mask_score=mask_score,
        segmenter="",
        truth_iou=None,
        **shared,
        **size,
    )
    return stage.unit([mask.id], MaskOf(image=image, mask=mask), subject=uri)


def test_where_the_embedder_cannot_tell_the_mask_decides(stage: EditableRegions) -> None:
    cut = Cut(crop=np.full((10, SIDE_PX, 3), 255, np.uint8))
    drawn, good, poor = stage.process(
        [
            (work(stage, "studio://scene/0", 0.1), cut),
            (work(stage, "file:///photograph.jpg", 0.9), cut),
            (work(stage, "file:///photograph.jpg", 0.1), cut),
        ]
    )
    assert drawn == Gated(crop_score=0.9)
    assert good == Gated(crop_score=None)
    assert isinstance(poor, Fault)
    assert poor.reason is Reason.LOW_MASK_SCORE
