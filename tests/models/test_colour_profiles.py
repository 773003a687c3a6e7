"""Every picture is sRGB once it is decoded, whatever space its file is in."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from models.colour_profiles import is_srgb
from models.geometry import Rgb
from models.images import decode, decode_reduced, read_header
from tests import icc_profiles as icc


def patches() -> Rgb:
    """Flat squares of 16 px, of colours all over the cube: a codec keeps them."""
    levels = np.array([0, 64, 128, 200, 255], np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(5, 25, 3)
    return colours.repeat(16, axis=0).repeat(16, axis=1)


def saved(pixels: Rgb, fmt: str, profile: bytes, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    image.save(buffer, fmt, icc_profile=profile, **options)
    return buffer.getvalue()


SPACES = {
    "p3": (icc.display_p3(), icc.p3_in_srgb),
    "adobe": (icc.adobe_rgb(), icc.adobe_in_srgb),
}


@pytest.mark.parametrize("space", sorted(SPACES))
@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WEBP"])
def test_a_tagged_picture_decodes_to_the_colours_it_shows(fmt: str, space: str) -> None:
    profile, in_srgb = SPACES[space]
    options = {"lossless": True} if fmt == "WEBP" else {}
    rgb = decode(saved(patches(), fmt, profile, **options))
    assert np.abs(rgb - in_srgb(patches())).max() <= 1
    assert np.abs(rgb.astype(int) - patches()).max() > 20


@pytest.mark.parametrize("space", sorted(SPACES))
def test_the_fast_path_of_jpeg_sees_the_profile(space: str) -> None:
    profile, in_srgb = SPACES[space]
    tagged = saved(patches(), "JPEG", profile, quality=100, subsampling=0)
    stored = decode(saved(patches(), "JPEG", b"", quality=100, subsampling=0))
    rgb = decode(tagged)
    assert np.abs(rgb - in_srgb(stored)).max() <= 1
    # What a colour-managed reader makes of the file.
    with Image.open(io.BytesIO(tagged)) as image:
        managed = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    assert managed is not None
    assert np.abs(rgb.astype(int) - np.asarray(managed)).max() <= 1
    small = decode_reduced(tagged, 20)
    assert np.abs(small[2, 2].astype(int) - rgb[8, 8]).max() <= 2


def test_rows_are_converted_alike_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(patches(), "PNG", icc.display_p3())
    whole = decode(data)
    monkeypatch.setattr("models.colour_profiles.STRIP_PX", 1000)
    assert np.array_equal(decode(data), whole)


def pillows_own() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [icc.srgb_by_table, pillows_own])
def test_a_profile_of_srgb_changes_nothing(profile: Callable[[], bytes]) -> None:
    assert is_srgb(profile())
    assert np.array_equal(decode(saved(patches(), "PNG", profile())), patches())


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", icc.display_p3()[:300], icc.grey_gamma(1.0), icc.cmyk_ink((50, 0, 0))],
    ids=["words", "cut", "grey", "inks"],
)
def test_a_profile_that_is_broken_or_of_other_pixels_is_passed_over(profile: bytes) -> None:
    assert np.array_equal(decode(saved(patches(), "PNG", profile)), patches())


def test_grey_goes_by_its_profile() -> None:
    ramp = np.arange(256, dtype=np.uint8).repeat(8).reshape(8, 256)
    rgb = decode(saved(ramp, "PNG", icc.grey_gamma(1.5)))
    # LittleCMS interpolates the curve of a grey profile coarsely where it is dark.
    assert np.abs(rgb - icc.grey_in_srgb(ramp, 1.5)).max() <= 2
    assert np.abs(rgb.astype(int) - ramp[..., None]).max() > 10


def test_inks_go_by_their_profile() -> None:
    buffer = io.BytesIO()
    pixels = np.zeros((16, 32, 4), np.uint8)
    pixels[:, 16:, 0] = 255
    profile = icc.cmyk_ink((60.0, 40.0, 30.0))
    Image.fromarray(pixels, "CMYK").save(buffer, "TIFF", icc_profile=profile)
    rgb = decode(buffer.getvalue())
    assert (rgb[:, :16] >= 254).all()
    # Lab 60, 40, 30 is this sRGB; Pillow's plain conversion says (0, 255, 255).
    assert np.abs(rgb[:, 16:].astype(int) - (215, 115, 94)).max() <= 3


@pytest.mark.parametrize(("kind", "value"), [(2, "some words"), (3, (7, 8, 9))])
def test_a_tiff_may_hold_anything_in_place_of_a_profile(kind: int, value: object) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[34675] = kind
    tags[34675] = value
    buffer = io.BytesIO()
    Image.fromarray(patches()).save(buffer, "TIFF", tiffinfo=tags)
    assert np.array_equal(decode(buffer.getvalue()), patches())


def test_a_header_holds_the_profile_of_its_pixels_only() -> None:
    assert read_header(saved(patches(), "JPEG", icc.adobe_rgb())).profile == icc.adobe_rgb()
    assert read_header(saved(patches(), "JPEG", icc.grey_gamma(2.0))).profile == b""
