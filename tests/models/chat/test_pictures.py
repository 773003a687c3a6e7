import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chat.pictures import data_uri, fitted, fitted_size
from models.geometry import Rgb
from models.images import decode

JUDGED = {"min_pixels": 1_016_064, "max_pixels": 1_354_752}


def waves(width: int, height: int) -> Rgb:
    rows, cols = np.mgrid[:height, :width]
    channels = [128 + 90 * np.sin(rows / 40), 128 + 90 * np.cos(cols / 60), (rows + cols) % 256]
    return np.dstack(channels).astype(np.uint8)


@given(
    st.integers(1, 6000),
    st.integers(1, 6000),
    st.sampled_from([1, 28, 32]),
)
def test_a_size_is_within_its_bounds_and_a_multiple(width: int, height: int, multiple: int) -> None:
    across, down = fitted_size(width, height, **JUDGED, multiple=multiple)
    assert across % multiple == down % multiple == 0
    assert 0 < across * down <= JUDGED["max_pixels"]
    if 1 / 8 <= width / height <= 8:
        assert across * down >= JUDGED["min_pixels"]
        # Half a multiple of a side that is 336 px at least.
        assert across / down == pytest.approx(width / height, rel=0.17)


@pytest.mark.parametrize(
    ("size", "multiple", "expected"),
    [
        ((1280, 1280), 28, (1148, 1148)),
        ((1280, 1280), 32, (1152, 1152)),
        ((512, 512), 28, (1008, 1008)),
        ((1092, 1092), 28, (1092, 1092)),
        ((1100, 1000), 28, (1092, 1008)),
        ((1920, 1080), 1, (1551, 872)),
        ((1, 20_000), 28, (28, 48_384)),
    ],
)
def test_sizes_that_models_take(
    size: tuple[int, int], multiple: int, expected: tuple[int, int]
) -> None:
    assert fitted_size(*size, **JUDGED, multiple=multiple) == expected


def test_an_image_of_the_right_size_is_left_alone() -> None:
    image = waves(1092, 1064)
    assert fitted(image, **JUDGED, multiple=28) is image


def test_a_large_image_is_averaged_not_sampled() -> None:
    checkers = np.indices((4000, 4000)).sum(axis=0) % 2 * 255
    small = fitted(np.dstack([checkers] * 3).astype(np.uint8), **JUDGED, multiple=28)
    assert small.shape == (1148, 1148, 3)
    # Neighbours that are sampled would be 0 or 255; their means come close to grey.
    assert np.abs(small.astype(int) - 127).max() < 60


def test_a_small_image_is_enlarged_smoothly() -> None:
    large = fitted(waves(300, 200), **JUDGED, multiple=28)
    assert large.shape[0] * large.shape[1] >= JUDGED["min_pixels"]
    assert np.abs(np.diff(large[..., 0].astype(int), axis=0)).max() <= 4


@pytest.mark.parametrize(("quality", "kind", "most"), [(None, "png", 0.0), (95, "jpeg", 3.0)])
def test_a_picture_comes_back_from_its_text(quality: int | None, kind: str, most: float) -> None:
    image = waves(200, 120)
    image[..., 2] = 30
    head, _, body = data_uri(image, jpeg_quality=quality).partition(",")
    assert head == f"data:image/{kind};base64"
    back = decode(base64.b64decode(body, validate=True))
    assert np.abs(back.astype(int) - image).mean() <= most


def test_a_lower_quality_is_less_text() -> None:
    image = waves(400, 300)
    assert len(data_uri(image, jpeg_quality=60)) < 0.7 * len(data_uri(image, jpeg_quality=95))
