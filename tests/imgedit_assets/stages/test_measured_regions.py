"""The crop scores of masks, by an embedder that cannot always tell."""

import numpy as np
import pytest

from imgedit_assets.stages.measured_regions import MaskOf, MeasuredRegions
from resources.factory import Factory
from resources.profile import RoleBinding
from resources.schema import FilteredImage, Mask, MeasuredRegion
from tests.imgedit_assets.lineages import blank

CROP = np.full((10, 100, 3), 255, np.uint8)


def mask_of(uri: str) -> MaskOf:
    """A mask of an image."""
    image = blank(FilteredImage, id=uri, uri=uri)
    return MaskOf(image=image, mask=blank(Mask, id=f"mask of {uri}", image_id=uri, name="boat"))


@pytest.fixture
def stage(factory: Factory) -> MeasuredRegions:
    binding = RoleBinding(backend="tests.imgedit_assets.stages.only_drawings:OnlyDrawings")
    roles = {**factory.profile.roles, "embedder": binding}
    profile = factory.profile.model_copy(update={"roles": roles})
    return MeasuredRegions(Factory(store=factory.store, profile=profile), shard="a")


def test_where_the_embedder_cannot_tell_the_score_is_empty(stage: MeasuredRegions) -> None:
    drawn, photograph = (
        stage.unit([of.mask.id], of, subject=of.image.uri)
        for of in (mask_of("studio://scene/0"), mask_of("file:///photograph.jpg"))
    )
    scores = stage.process([(drawn, CROP), (photograph, CROP)])
    assert scores == [0.9, None]
    (row,) = stage.finish(drawn, 0.9).rows
    assert isinstance(row, MeasuredRegion)
    assert (row.crop_score, row.name, row.parent_ids) == (0.9, "boat", (drawn.payload.mask.id,))


def test_without_an_embedder_every_mask_has_a_row_with_no_score(factory: Factory) -> None:
    roles = {k: v for k, v in factory.profile.roles.items() if k != "embedder"}
    factory.profile = factory.profile.model_copy(update={"roles": roles})
    stage = MeasuredRegions(factory, shard="a")
    work = stage.unit(["mask"], mask_of("studio://scene/0"), subject="")
    item = stage.prepare(work)
    assert item is None
    assert stage.process([(work, item)]) == [None]
