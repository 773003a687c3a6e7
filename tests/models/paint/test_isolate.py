"""Isolation: the object's own pixels, centred on clean white, without the old background's rim."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.classical import paint_isolated
from models.painting import PaintRequest
from models.vocabulary import PaintKind, Target


def isolated(image: Rgb, mask: Bitmap) -> Rgb:
    painting = paint_isolated(
        PaintRequest(
            kind=PaintKind.ISOLATE,
            image=image,
            mask=mask,
            name="disc",
            target=Target(key="", phrase="a disc"),
            grow_px=0,
            seed=0,
        )
    )
    assert painting.alpha.all()
    assert painting.rgb.shape == image.shape
    return painting.rgb


def disc(centre: tuple[int, int], radius: int, size: tuple[int, int] = (240, 320)) -> Bitmap:
    mask = np.zeros(size, np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return mask.astype(np.bool_)


def textured(size: tuple[int, int] = (240, 320)) -> Rgb:
    return np.random.default_rng(0).integers(0, 200, (*size, 3), dtype=np.uint8)


def test_inside_is_exact_at_native_scale_and_centred() -> None:
    mask, image = disc((90, 100), 60), textured()
    result = isolated(image, mask)
    core = cv2.erode(mask.astype(np.uint8), np.ones((7, 7))).astype(np.bool_)
    old, new = Box.around(core), Box.around((result < 255).any(axis=2))
    assert abs((new.x0 + new.x1) / 2 - 160) <= 2
    assert abs((new.y0 + new.y1) / 2 - 120) <= 2
    # The same core, moved by whole pixels.
    offset = next(
        (dy, dx)
        for dy in range(18, 23)
        for dx in range(68, 73)
        if np.array_equal(
            result[old.y0 + dy : old.y1 + dy, old.x0 + dx : old.x1 + dx][core[old.slices]],
            image[old.slices][core[old.slices]],
        )
    )
    assert offset


def test_background_is_pure_white() -> None:
    result = isolated(textured(), disc((160, 120), 60))
    far = ~disc((160, 120), 66)
    assert (result[far] == 255).all()


def test_no_rim_of_the_old_background() -> None:
    mask = disc((160, 120), 70)
    cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)[..., None]
    blended = cover * np.array((200, 30, 30)) + (1 - cover) * np.array((0, 0, 0))
    result = isolated(blended.astype(np.uint8), mask)
    # From red to white, red never falls; with a black rim it falls to a half.
    assert result[..., 0].min() > 180


def test_tiny_object_is_enlarged_at_most_twice() -> None:
    for radius, width_px in ((15, 62), (60, 121)):
        mask = disc((100, 100), radius)
        image = np.where(mask[..., None], (180, 30, 60), (30, 200, 90)).astype(np.uint8)
        seen = Box.around((isolated(image, mask) < 150).any(axis=2))
        assert abs(seen.width - width_px) <= 3


def test_object_cut_off_by_the_border_and_whole_image() -> None:
    image = textured()
    edge = isolated(image, disc((0, 120), 80))
    assert (edge[:, 160] != 255).any()
    whole = isolated(image, np.ones(image.shape[:2], np.bool_))
    assert np.array_equal(whole[10:-10, 10:-10], image[10:-10, 10:-10])


def test_empty_mask_is_a_fault_of_the_row() -> None:
    with pytest.raises(FaultError) as caught:
        isolated(textured(), np.zeros((240, 320), np.bool_))
    assert caught.value.fault.reason is Reason.EMPTY_MASK


@settings(max_examples=25, deadline=None)
@given(
    x=st.integers(0, 47), y=st.integers(0, 35), width=st.integers(1, 48), height=st.integers(1, 36)
)
def test_any_box_shaped_mask_gives_an_object_on_white(
    x: int, y: int, width: int, height: int
) -> None:
    mask = np.zeros((36, 48), np.bool_)
    mask[y : y + height, x : x + width] = True
    image = np.full((36, 48, 3), (200, 40, 40), np.uint8)
    image[~mask] = (10, 90, 10)
    result = isolated(image, mask)
    assert (result != 255).any()
    assert (result[..., 1].astype(int) <= result[..., 0].astype(int) + 2).all()
