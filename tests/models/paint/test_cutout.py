import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.cutout import cut_out
from models.painting import Painting

PLACE = Box(60, 40, 100, 90)


def card() -> tuple[Rgb, Bitmap]:
    """A red card on green."""
    image = np.full((120, 160, 3), (60, 140, 80), np.uint8)
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[PLACE.slices] = True
    image[mask] = (200, 30, 40)
    return image, mask


def test_put_back_where_it_was_it_changes_nothing() -> None:
    image, mask = card()
    again = image.copy()
    cut_out(image, mask).paste(again)
    assert np.abs(again.astype(int) - image).max() <= 1


def test_nothing_of_the_old_background_comes_along() -> None:
    image, mask = card()
    blue = np.full_like(image, (20, 40, 220))
    cut_out(image, mask).scaled(2).paste(blue)
    # Green is more than a mixture of red and blue only where the old ground shows.
    assert blue[..., 1].max() <= 60


@given(st.floats(0.2, 3))
def test_scaling_keeps_the_ground_line_and_the_middle(factor: float) -> None:
    at = cut_out(*card()).scaled(factor).extent
    assert at.y1 == pytest.approx(PLACE.y1, abs=1)
    assert (at.x0 + at.x1) / 2 == pytest.approx(80, abs=1)
    # Either end falls on a whole pixel, up to one away from where it would lie.
    assert at.width == pytest.approx(factor * PLACE.width, abs=2)
    assert at.height == pytest.approx(factor * PLACE.height, abs=2)


def test_what_would_leave_the_image_is_moved_into_it_by_the_least() -> None:
    image, mask = card()
    large = cut_out(image, mask).scaled(2.2)
    moved = large.moved_into(image)
    assert large.extent.y0 < 0
    assert moved.extent.y0 == 0
    assert moved.extent.x0 == large.extent.x0


def test_what_is_larger_than_the_image_or_empty_is_a_fault() -> None:
    image, mask = card()
    with pytest.raises(FaultError, match="do not fit into 160 x 120"):
        cut_out(image, mask).scaled(3).moved_into(image)
    with pytest.raises(FaultError) as caught:
        cut_out(image, np.zeros_like(mask))
    assert caught.value.fault.reason is Reason.EMPTY_MASK


def test_a_painting_between_two_images_claims_exactly_what_differs() -> None:
    image = card()[0]
    other = image.copy()
    other[50:60, 70:75] = (1, 2, 3)
    painting = Painting.between(image, other)
    assert painting.box == Box(70, 50, 75, 60)
    assert painting.alpha.all()
    assert not Painting.between(image, image).alpha.any()
