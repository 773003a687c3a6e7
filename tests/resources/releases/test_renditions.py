"""How versions become files: losslessly, and originals untouched wherever that is safe."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from models.geometry import Rgb
from models.images import decode
from models.masks import Rle
from resources.releases.renditions import encode, original, union_mask

IMAGES = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    elements=st.integers(0, 255),
)


@given(IMAGES)
@settings(max_examples=60, deadline=None)
def test_encoding_loses_nothing(rgb: Rgb) -> None:
    encoded = encode(rgb)
    assert (encoded.width, encoded.height) == rgb.shape[1::-1]
    assert np.array_equal(decode(encoded.payload), rgb)


def test_what_is_too_long_for_webp_is_a_png() -> None:
    strip = np.random.default_rng(0).integers(0, 255, (2, 20_000, 3), dtype=np.uint8)
    assert encode(strip).format == "png"
    assert np.array_equal(decode(encode(strip).payload), strip)


def test_what_would_take_gigabytes_to_encode_is_a_png(monkeypatch: pytest.MonkeyPatch) -> None:
    square = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    monkeypatch.setattr("resources.releases.renditions.WEBP_MAX_PIXELS", 1199)
    assert encode(square).format == "png"
    assert np.array_equal(decode(encode(square).payload), square)


def test_a_png_of_sixteen_bits_is_released_with_eight() -> None:
    deep = np.full((12, 20, 3), 0x1234, np.uint16)
    data = cv2.imencode(".png", deep)[1].tobytes()
    kept = original(data)
    assert kept.format == "webp"
    assert np.array_equal(decode(kept.payload), decode(data))


def saved(mode: str, suffix: str, **options: object) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (12, 20, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").convert(mode).save(buffer, suffix, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "suffix"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("RGB", "WEBP")]
)
def test_plain_originals_keep_their_bytes(mode: str, suffix: str) -> None:
    data = saved(mode, suffix)
    kept = original(data)
    assert kept.payload == data
    assert kept.format == suffix.lower()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved("RGB", "JPEG", exif=exif)


@pytest.mark.parametrize(
    "data",
    [
        turned(),
        saved("RGBA", "PNG"),
        saved("CMYK", "JPEG"),
        saved("P", "PNG"),
        saved("RGB", "PNG", transparency=(1, 2, 3)),
        saved("RGB", "BMP"),
        saved("P", "GIF"),
    ],
    ids=["turned", "alpha", "cmyk", "palette", "colour key", "bmp", "gif"],
)
def test_odd_originals_become_what_every_reader_sees_alike(data: bytes) -> None:
    kept = original(data)
    assert kept.payload != data
    assert np.array_equal(decode(kept.payload), decode(data))
    with Image.open(io.BytesIO(kept.payload)) as image:
        assert image.size == (kept.width, kept.height)
        assert np.array_equal(np.asarray(image.convert("RGB")), decode(data))


def test_the_mask_image_is_the_union() -> None:
    one, two = np.zeros((9, 7), bool), np.zeros((9, 7), bool)
    one[1:3, 1:3], two[5:, 4:] = True, True
    mask = union_mask([Rle.encode(one), Rle.encode(two)])
    assert mask is not None
    assert np.array_equal(decode(mask.payload)[..., 0] == 255, one | two)
    assert union_mask([]) is None
