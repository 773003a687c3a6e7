"""Styles: each changes the picture in its own way and keeps its layout."""

import cv2
import numpy as np
import pytest
from skimage import data

from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.paint.classical import STYLES, paint_style
from models.painting import PaintRequest
from models.vocabulary import STYLES as VOCABULARY
from models.vocabulary import PaintKind, Target

COLOURLESS = ("pencil", "ink", "noir")


@pytest.fixture(scope="module")
def photograph() -> Rgb:
    return cv2.resize(data.astronaut(), (300, 240), interpolation=cv2.INTER_AREA)


def restyle(key: str, image: Rgb, seed: int = 3) -> Rgb:
    mask = np.ones(image.shape[:2], np.bool_)
    target = Target(key=key, phrase=key)
    painting = paint_style(
        PaintRequest(
            kind=PaintKind.STYLISE,
            image=image,
            mask=mask,
            name="",
            target=target,
            grow_px=0,
            seed=seed,
        )
    )
    assert painting.alpha.all()
    assert (painting.box.width, painting.box.height) == (image.shape[1], image.shape[0])
    return painting.rgb


def test_every_style_of_the_vocabulary_has_a_renderer() -> None:
    assert set(STYLES) == set(VOCABULARY)


@pytest.mark.parametrize("key", VOCABULARY)
def test_style_changes_the_image_and_keeps_its_layout(key: str, photograph: Rgb) -> None:
    before = photograph.copy()
    styled = restyle(key, photograph)
    assert np.array_equal(photograph, before)
    assert styled.shape == photograph.shape
    assert styled.dtype == np.uint8
    assert np.abs(styled.astype(int) - photograph).mean() > 8
    # At a twentieth of the size, style is gone and layout is left.
    far, near = (
        cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (24, 20), None, 0, 0, cv2.INTER_AREA)
        for picture in (photograph, styled)
    )
    assert np.corrcoef(far.ravel(), near.ravel())[0, 1] > 0.6


@pytest.mark.parametrize("key", VOCABULARY)
def test_style_is_deterministic(key: str, photograph: Rgb) -> None:
    assert np.array_equal(restyle(key, photograph), restyle(key, photograph))


def test_styles_differ_from_one_another(photograph: Rgb) -> None:
    pictures = [restyle(key, photograph).astype(int) for key in VOCABULARY]
    gaps = [np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]]
    assert min(gaps) > 6


@pytest.mark.parametrize("key", COLOURLESS)
def test_drawings_and_film_have_no_colour(key: str, photograph: Rgb) -> None:
    styled = restyle(key, photograph).astype(int)
    assert (styled.max(axis=2) - styled.min(axis=2)).max() <= 6


def test_pixel_art_has_blocks_and_a_small_palette(photograph: Rgb) -> None:
    styled = restyle("pixel", photograph)
    assert len(np.unique(styled.reshape(-1, 3), axis=0)) <= 24
    changes = (styled[:, 1:] != styled[:, :-1]).any(axis=(0, 2))
    assert np.diff(np.flatnonzero(changes)).min() >= 4


def test_ink_is_black_or_white(photograph: Rgb) -> None:
    grey = restyle("ink", photograph)[..., 0]
    assert ((grey < 60) | (grey > 220)).mean() > 0.8


def test_night_is_dark_and_blue_and_golden_hour_is_warm(photograph: Rgb) -> None:
    red, _, blue = restyle("night", photograph).reshape(-1, 3).mean(axis=0)
    assert blue > 1.4 * red
    assert restyle("night", photograph).mean() < 0.6 * photograph.mean()
    warm = restyle("golden_hour", photograph).reshape(-1, 3).mean(axis=0)
    plain = photograph.reshape(-1, 3).mean(axis=0)
    assert warm[0] / warm[2] > 1.25 * plain[0] / plain[2]


@pytest.mark.parametrize("size", [(1, 1), (2, 50), (50, 2), (31, 17)])
@pytest.mark.parametrize("key", VOCABULARY)
def test_tiny_and_flat_images_are_styled(key: str, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 128, np.uint8)
    assert restyle(key, image).shape == image.shape


def test_unknown_style_is_a_fault_of_the_row(photograph: Rgb) -> None:
    with pytest.raises(FaultError) as caught:
        restyle("cubism", photograph)
    assert caught.value.fault.reason is Reason.UNPAINTABLE


@pytest.mark.parametrize("key", sorted(STYLES))
def test_what_is_too_large_to_paint_at_once_is_enlarged(
    key: str, photograph: Rgb, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = cv2.resize(photograph, (300, 240), interpolation=cv2.INTER_AREA)
    whole = restyle(key, small)
    monkeypatch.setattr("models.paint.filters.MOST_PAINTED_PX", 240 * 300 // 2)
    halved = restyle(key, small)
    assert halved.shape == whole.shape
    tones = [cv2.resize(p, (10, 8), interpolation=cv2.INTER_AREA) for p in (whole, halved)]
    assert np.abs(tones[0].astype(int) - tones[1]).mean() < 25


def test_a_panorama_is_styled() -> None:
    # Half of its side is more than OpenCV's remap takes.
    strip = np.tile(np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3), (64, 258, 1))
    assert restyle("watercolour", strip).shape == strip.shape
