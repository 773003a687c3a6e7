from math import pi

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.diffusion.crop import (
    CELL_PX,
    crop_around,
    grown,
    grown_mask,
    model_size,
    stitch,
    whole,
)
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind, Target


def noise(height: int, width: int) -> Rgb:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def filled(height: int, width: int, box: Box) -> Bitmap:
    mask = np.zeros((height, width), np.bool_)
    mask[box.slices] = True
    return mask


def rendered(image: Rgb, painting: Painting) -> Rgb:
    out = image.copy()
    out[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return out


@st.composite
def masked(draw: st.DrawFn) -> tuple[Rgb, Bitmap]:
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
    return noise(height, width), filled(height, width, Box(x0, y0, x1, y1))


@given(masked(), st.sampled_from((16, 64, 96, 256)), st.integers(0, 20))
def test_painting_covers_the_mask_and_nothing_but_the_mask(
    case: tuple[Rgb, Bitmap], size_px: int, grown_px: int
) -> None:
    image, mask = case
    crop = crop_around(image, mask, size_px=size_px, grown_px=grown_px)
    painting = stitch(crop, 255 - crop.rgb)
    after = rendered(image, painting)
    assert (after[~mask] == image[~mask]).all()
    assert painting.rgb.shape[:2] == painting.alpha.shape
    assert painting.box == Box.around(mask)
    assert (painting.alpha == mask[painting.box.slices]).all()
    # Where the patch is opaque to nobody it shows the image too: a viewer may paste the box whole.
    outside = ~painting.alpha
    assert (painting.rgb[outside] == image[painting.box.slices][outside]).all()


@given(masked(), st.sampled_from((16, 64, 96, 256)))
def test_hole_shows_the_model_every_masked_pixel(case: tuple[Rgb, Bitmap], size_px: int) -> None:
    image, mask = case
    crop = crop_around(image, mask, size_px=size_px)
    height, width = crop.size
    assert height % CELL_PX == 0 == width % CELL_PX
    assert crop.rgb.shape == (height, width, 3)
    rows, cols = np.nonzero(crop.inside)
    at_rows = ((rows + 0.5) * height / crop.inside.shape[0]).astype(int)
    at_cols = ((cols + 0.5) * width / crop.inside.shape[1]).astype(int)
    assert crop.hole[at_rows, at_cols].all()
    cells = crop.hole.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX)
    assert (cells.any(axis=(1, 3)) == cells.all(axis=(1, 3))).all()


def test_window_is_square_with_context_and_pushed_inside_the_image() -> None:
    mask = filled(1000, 1500, Box(1400, 400, 1500, 600))
    crop = crop_around(noise(1000, 1500), mask, size_px=256, context=1.2)
    assert crop.window == Box(1260, 380, 1500, 620)


def test_small_mask_gets_context_instead_of_enlargement() -> None:
    mask = filled(1000, 1500, Box(700, 500, 701, 501))
    crop = crop_around(noise(1000, 1500), mask, size_px=256)
    assert (crop.window.width, crop.window.height) == (128, 128)
    assert crop.size == (256, 256)


def test_window_longer_than_the_image_keeps_its_aspect_ratio() -> None:
    mask = np.ones((200, 300), np.bool_)
    crop = crop_around(noise(200, 300), mask, size_px=1024)
    height, width = crop.size
    assert width / height == pytest.approx(1.5, rel=0.06)
    assert height * width == pytest.approx(1024**2, rel=0.06)


def test_like_windows_share_a_size_and_a_panorama_stays_small() -> None:
    assert model_size(683, 1024, 1024) == model_size(720, 1080, 1024) == model_size(671, 1024, 1024)
    height, width = model_size(50, 5000, 1024)
    assert height * width == pytest.approx(1024**2, rel=0.1)
    assert width == 4 * height


def test_unpainted_crop_at_native_scale_comes_back_exactly() -> None:
    image = noise(256, 256)
    crop = whole(image, np.ones((256, 256), np.bool_), size_px=256)
    assert crop.size == (256, 256)
    assert (rendered(image, stitch(crop, crop.rgb)) == image).all()


def test_seam_of_a_grown_mask_blends_inside_it() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    mask = filled(512, 512, Box(156, 156, 356, 356))
    crop = crop_around(image, mask, size_px=256, grown_px=16)
    after = rendered(image, stitch(crop, np.full_like(crop.rgb, 200)))[256, :, 0].astype(int)
    assert (np.diff(after[150:180]) >= 0).all()
    assert after[155] == 0 < after[156] < after[160] < 200 == after[170]
    assert np.diff(after[150:180]).max() < 60


def test_seam_of_a_mask_that_was_not_grown_is_sharp() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    mask = filled(512, 512, Box(156, 156, 356, 356))
    crop = crop_around(image, mask, size_px=256, grown_px=0)
    after = rendered(image, stitch(crop, np.full_like(crop.rgb, 200)))
    assert (after[mask] == 200).all()


def test_border_of_the_image_is_no_seam() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    mask = filled(512, 512, Box(0, 0, 200, 512))
    crop = crop_around(image, mask, size_px=256, grown_px=20)
    after = rendered(image, stitch(crop, np.full_like(crop.rgb, 200)))
    assert (after[:, 0] == 200).all()
    assert (after[:, 199] < 200).all()


def test_single_pixel_is_painted() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    mask = filled(40, 40, Box(39, 39, 40, 40))
    crop = crop_around(image, mask, size_px=64, grown_px=10)
    after = rendered(image, stitch(crop, np.full_like(crop.rgb, 200)))
    assert (after[39, 39] == 200).all()
    assert after.sum() == 600


def test_empty_mask_is_a_fault() -> None:
    empty = np.zeros((40, 40), np.bool_)
    for frame in (crop_around, whole):
        with pytest.raises(FaultError) as caught:
            frame(noise(40, 40), empty, size_px=64)
        assert caught.value.fault.reason is Reason.EMPTY_MASK


def test_margin_of_a_grown_mask_is_round() -> None:
    mask = filled(201, 201, Box(100, 100, 101, 101))
    disc = grown(mask, 50)
    assert disc.sum() == pytest.approx(pi * 50**2, rel=0.02)
    assert disc[100, 50]
    assert not disc[100, 49]
    assert not disc[60, 60]


@pytest.mark.parametrize("mask", [np.zeros((9, 9), np.bool_), np.ones((9, 9), np.bool_)])
def test_nothing_and_everything_do_not_grow(mask: Bitmap) -> None:
    assert (grown(mask, 3) == mask).all()


@pytest.mark.parametrize(("asked_px", "expected_px"), [(0, 32), (10, 32), (60, 60)])
def test_least_growth_is_scaled_to_the_image(asked_px: int, expected_px: int) -> None:
    mask = filled(512, 800, Box(400, 250, 401, 251))
    request = PaintRequest(
        kind=PaintKind.ERASE,
        image=cv2.merge([mask.astype(np.uint8)] * 3),
        mask=mask,
        name="dot",
        target=Target(key="", phrase=""),
        grow_px=asked_px,
        seed=0,
    )
    wide, grown_px = grown_mask(request, min_grow_px=64)
    assert grown_px == expected_px
    assert Box.around(wide).width == 2 * expected_px + 1
