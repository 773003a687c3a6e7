"""Backdrops: the subject is untouched, every scenery is its own, and the old background is gone."""

import cv2
import numpy as np
import pytest

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Rgb
from models.paint.backdrop import SCENERIES, compose, contact_shadow, paint_backdrop
from models.painting import Painting, PaintRequest
from models.vocabulary import BACKDROPS, PaintKind, Target

SIZE = (200, 260)


def standing_figure(height: int = SIZE[0], width: int = SIZE[1]) -> Bitmap:
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 8, height // 3), 0, 0, 360, 1, -1)
    return mask.astype(np.bool_)


def red_on_green(subject: Bitmap) -> Rgb:
    """A red figure on green whose edge is blended, as a lens does."""
    cover = cv2.GaussianBlur(subject.astype(np.float32), (0, 0), 1.0)[..., None]
    image = cover * np.array((200, 30, 30)) + (1 - cover) * np.array((0, 220, 0))
    return image.astype(np.uint8)


def paint(key: str, *, subject: Bitmap, image: Rgb, seed: int = 1, grow_px: int = 0) -> Painting:
    return paint_backdrop(
        PaintRequest(
            kind=PaintKind.BACKDROP,
            image=image,
            mask=~subject,
            name="figure",
            target=Target(key=key, phrase=BACKDROPS[key].phrase if key in BACKDROPS else key),
            grow_px=grow_px,
            seed=seed,
        )
    )


def test_every_backdrop_of_the_vocabulary_has_a_scenery() -> None:
    assert set(SCENERIES) == set(BACKDROPS)


@pytest.mark.parametrize("key", BACKDROPS)
def test_subject_stays_exact_and_background_is_replaced(key: str) -> None:
    subject = standing_figure()
    image = red_on_green(subject)
    painting = paint(key, subject=subject, image=image)
    assert painting.rgb.shape == image.shape
    assert np.array_equal(painting.alpha, ~subject)
    assert np.array_equal(painting.rgb[subject], image[subject])
    assert (painting.rgb[~subject] != image[~subject]).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("key", BACKDROPS)
def test_same_seed_same_bytes_and_another_seed_another_picture(key: str) -> None:
    subject = standing_figure()
    image = red_on_green(subject)
    first, again, other = (
        paint(key, subject=subject, image=image, seed=seed).rgb for seed in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 1.0


def test_sceneries_differ_from_one_another() -> None:
    subject = standing_figure()
    image = red_on_green(subject)
    scenes = [paint(key, subject=subject, image=image).rgb.astype(int) for key in BACKDROPS]
    gaps = [np.abs(a - b).mean() for i, a in enumerate(scenes) for b in scenes[:i]]
    assert min(gaps) > 12


def test_no_halo_of_the_old_background() -> None:
    subject = standing_figure()
    painting = paint("studio_grey", subject=subject, image=red_on_green(subject))
    ring = cv2.dilate(subject.astype(np.uint8), np.ones((9, 9))).astype(np.bool_) & ~subject
    red, green, _ = painting.rgb[ring].astype(int).T
    # The unrepaired rim is greener than red by up to 200 levels.
    assert (green - red).max() < 25


def test_what_a_wide_mask_keeps_of_the_old_background_is_no_halo() -> None:
    figure = standing_figure()
    image = red_on_green(figure)
    wide = cv2.dilate(figure.astype(np.uint8), np.ones((5, 5))).astype(np.bool_)
    painting = paint("studio_grey", subject=wide, image=image, grow_px=4)
    result = np.where(painting.alpha[..., None], painting.rgb, image).astype(int)
    rim = cv2.dilate(wide.astype(np.uint8), np.ones((9, 9))).astype(np.bool_) & ~figure
    assert (result[..., 1] - result[..., 0])[rim].max() < 60
    core = cv2.erode(figure.astype(np.uint8), np.ones((7, 7))).astype(np.bool_)
    assert not painting.alpha[core].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 3), (33, 57)])
@pytest.mark.parametrize("key", BACKDROPS)
def test_tiny_images_are_painted(key: str, size: tuple[int, int]) -> None:
    subject = np.zeros(size, np.bool_)
    subject[size[0] // 2, size[1] // 2] = True
    image = np.full((*size, 3), 90, np.uint8)
    assert paint(key, subject=subject, image=image).rgb.shape == image.shape


@pytest.mark.parametrize("key", BACKDROPS)
def test_a_scenery_without_any_subject(key: str) -> None:
    subject = np.zeros(SIZE, np.bool_)
    assert paint(key, subject=subject, image=np.zeros((*SIZE, 3), np.uint8)).alpha.all()


def test_unknown_scenery_is_a_fault_of_the_row() -> None:
    subject = standing_figure()
    with pytest.raises(FaultError) as caught:
        paint("the_moon", subject=subject, image=red_on_green(subject))
    assert caught.value.fault.reason is Reason.UNPAINTABLE


def test_horizon_lies_between_the_centre_and_the_feet() -> None:
    subject = standing_figure()
    rows = np.flatnonzero(subject.any(axis=1))
    view = compose(subject, np.random.default_rng(0))
    assert rows.mean() < view.horizon_px < rows[-1]
    assert view.feet_px == rows[-1] + 1


def test_shadow_falls_at_the_feet_and_not_under_a_cut_off_bust() -> None:
    subject = standing_figure()
    view = compose(subject, np.random.default_rng(0))
    shadow = contact_shadow(subject, view)
    assert shadow[view.feet_px + 1, SIZE[1] // 2] < 0.85
    assert shadow[: view.horizon_px - 10].min() == pytest.approx(1.0, abs=1e-3)
    bust = subject.copy()
    bust[SIZE[0] // 2 :, 100:160] = True
    assert contact_shadow(bust, compose(bust, np.random.default_rng(0))).min() == 1.0


def test_a_large_scenery_is_enlarged_and_the_subject_stays_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subject = standing_figure()
    image = red_on_green(subject)
    monkeypatch.setattr("models.paint.filters.MOST_PAINTED_PX", subject.size // 3)
    painting = paint("meadow", subject=subject, image=image)
    assert painting.rgb.shape == image.shape
    assert np.array_equal(painting.rgb[subject], image[subject])
    assert (painting.rgb[~subject] != image[~subject]).any(axis=1).mean() > 0.95
