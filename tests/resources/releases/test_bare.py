"""A released file holds pixels and nothing else, and they are those that came."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from models.geometry import Box, Rgb
from models.images import decode
from models.masks import Rle
from models.painting import Painting
from models.versions import Patch, render
from resources.releases.bare import bare
from resources.releases.renditions import encode, original, union_mask
from resources.releases.verify import verify
from tests import icc_profiles as icc
from tests.resources.releases.small_samples import Release, sample

SECRETS = (b"SECRET", b"Exif", b"xpacket", b"Photoshop", b"ICC_PROFILE", b"iCCP", b"GPS")


def pixels() -> Rgb:
    return np.random.default_rng(5).integers(0, 256, (40, 56, 3), dtype=np.uint8)


def exif(orientation: int = 1) -> bytes:
    """Place, maker, serial number, and a thumbnail."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "SECRET maker"
    tags.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 7.0), 29: "SECRET GPS day"})
    tags.get_ifd(0x8769).update({0xA431: "SECRET serial", 0x927C: b"SECRET note"})
    return tags.tobytes()


XMP = b"<?xpacket begin?><x:xmpmeta>SECRET xmp</x:xmpmeta><?xpacket end?>"


def tagged(fmt: str, *, orientation: int = 1, profile: bytes = b"", **options: object) -> bytes:
    """A file with all that a format can say beside its pixels."""
    buffer = io.BytesIO()
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "SECRET text")
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    said = {
        "JPEG": {"comment": b"SECRET comment", "xmp": XMP, "quality": 90, "dpi": (72, 72)},
        "PNG": {"pnginfo": texts},
        "WEBP": {"xmp": XMP, "lossless": True},
    }[fmt]
    Image.fromarray(pixels()).save(
        buffer, fmt, exif=exif(orientation), icc_profile=profile, **said, **options
    )
    data = buffer.getvalue()
    if fmt == "JPEG":
        iptc = b"Photoshop 3.0\x00SECRET iptc"
        data = data[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + data[2:]
    return data + b"SECRET video"


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_is_released(fmt: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = tagged(fmt, profile=srgb)
    assert b"SECRET" in data
    released = original(data)
    assert not [secret for secret in SECRETS if secret in released.payload]
    # Not coded anew: the same pixels in the same format, and smaller only by what was said.
    assert released.format == fmt.lower()
    assert np.array_equal(decode(released.payload), decode(data))
    assert bare(released.payload, fmt) == released.payload
    with Image.open(io.BytesIO(released.payload)) as image:
        image.load()
        said = {"exif", "xmp", "icc_profile", "comment", "photoshop", "Comment"}
        assert image.info.keys().isdisjoint(said)
        assert not image.getexif()


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 0, "restart_marker_rows": 1}]
)
def test_scans_of_every_kind_are_kept(options: dict[str, int]) -> None:
    data = tagged("JPEG", **options)
    stripped = bare(data, "JPEG")
    assert stripped is not None
    assert b"SECRET" not in stripped
    assert np.array_equal(decode(stripped), decode(data))


def test_a_thumbnail_inside_the_header_of_a_jpeg_goes() -> None:
    data = tagged("JPEG")
    plain = bare(data, "JPEG")
    assert plain is not None
    small = b"JFIF\0\1\2\0\0\1\0\1\1\1SECRET"[:14] + b"SEC"
    longer = plain[:2] + b"\xff\xe0" + (len(small) + 2).to_bytes(2, "big") + small + plain[20:]
    assert np.array_equal(decode(longer), decode(plain))
    assert b"SEC" not in (bare(longer, "JPEG") or b"SEC")


@pytest.mark.parametrize("cut", [3, 30, 200])
def test_what_cannot_be_taken_apart_is_left_to_the_decoder(cut: int) -> None:
    assert bare(tagged("JPEG")[:cut], "JPEG") is None
    assert bare(b"\xff\xd8\xff\xd0\xff\xd9", "JPEG") is None


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_is_upright_and_says_nothing(fmt: str) -> None:
    data = tagged(fmt, orientation=6)
    released = original(data)
    assert (released.width, released.height) == (40, 56)
    assert not [secret for secret in SECRETS if secret in released.payload]
    with Image.open(io.BytesIO(released.payload)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), decode(data))


def managed(payload: bytes) -> Rgb:
    """What a colour-managed reader shows: converted by the file's profile, sRGB without one."""
    with Image.open(io.BytesIO(payload)) as image:
        profile, rgb = image.info.get("icc_profile"), image.convert("RGB")
    if not profile:
        return np.asarray(rgb)
    shown = ImageCms.profileToProfile(
        rgb, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    return np.asarray(shown)


@pytest.mark.parametrize("profile", [b"", icc.srgb_by_table(), icc.display_p3(), icc.adobe_rgb()])
@pytest.mark.parametrize("fmt", ["JPEG", "PNG"])
def test_outside_an_edit_every_reader_sees_source_and_target_alike(
    fmt: str, profile: bytes
) -> None:
    root = tagged(fmt, profile=profile)
    square = Painting(
        box=Box(8, 8, 24, 24),
        rgb=np.full((16, 16, 3), 200, np.uint8),
        alpha=np.ones((16, 16), np.bool_),
    )
    source = original(root).payload
    target = encode(render(root, [Patch.of(square, lossless=True)])).payload
    for read in (managed, lambda payload: np.asarray(Image.open(io.BytesIO(payload)))):
        before, after = read(source).copy(), read(target).copy()
        before[8:24, 8:24] = after[8:24, 8:24] = 0
        assert np.array_equal(before, after)
    # The picture that is released looks as the one that came.
    assert np.abs(managed(source).astype(int) - managed(root)).max() <= 1


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_no_file_of_a_release_says_where_its_source_was_taken(
    release: Release, fmt: str, orientation: int
) -> None:
    source = original(tagged(fmt, orientation=orientation, profile=icc.display_p3()))
    before = decode(source.payload)
    after = before.copy()
    after[:9, :9] ^= 255
    mask = Rle.encode((after != before).any(axis=2))
    pair = replace(
        sample(1),
        source=source,
        target=encode(after),
        mask=union_mask([mask]),
        masks=(mask.counts,),
        boxes=(mask.box,),
        changed_frac=float((after != before).any(axis=2).mean()),
    )
    written = release("huggingface", "webdataset", "imgedit", of=[pair])
    files = [path for path in written.folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if b"SECRET" in path.read_bytes()]
    assert "sRGB" in (written.folder / "README.md").read_text("utf-8")
    assert not verify(written.folder).problems
