"""Headers and pixels of every kind of image, and of files that are none."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.images import READ_SUFFIXES, decode, decode_reduced, encode_jpeg, read_header, thumbnail


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def photo(width: int = 96, height: int = 64) -> Rgb:
    """A smooth picture with one red corner (top left), so turns and flips show."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.dstack([x * 200 // width, y * 200 // height, 60 + 0 * x]).astype(np.uint8)
    rgb[: height // 4, : width // 4] = (255, 0, 0)
    return rgb


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def reason_of(call: Callable[[], object]) -> Reason:
    with pytest.raises(FaultError) as caught:
        call()
    assert "Traceback" not in caught.value.fault.detail
    return caught.value.fault.reason


def mean_error(got: Rgb, wanted: Rgb) -> float:
    assert got.shape == wanted.shape
    assert got.dtype == np.uint8
    return float(np.abs(got.astype(int) - wanted.astype(int)).mean())


@pytest.mark.parametrize("fmt", sorted(set(READ_SUFFIXES.values())))
def test_every_format_reads_its_header_and_pixels(fmt: str) -> None:
    options = {"lossless": True} if fmt == "WEBP" else {"quality": 95} if fmt == "JPEG" else {}
    data = saved(Image.fromarray(photo()), fmt, **options)
    header = read_header(data)
    assert (header.width, header.height, header.format, header.frames) == (96, 64, fmt, 1)
    exact = fmt in {"PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000"}
    assert mean_error(decode(data), photo()) <= (0 if exact else 6)


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(fmt: str, orientation: int) -> None:
    unturn = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(unturn[orientation](photo()))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(fmt, {})
    data = saved(Image.fromarray(stored), fmt, exif=exif, **options)
    header = read_header(data)
    assert (header.width, header.height, header.orientation) == (96, 64, orientation)
    assert mean_error(decode(data), photo()) <= (3 if fmt == "JPEG" else 0)
    assert decode_reduced(data, 32).shape == (32, 48, 3)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(photo()), "JPEG", exif=exif)
    assert read_header(data).orientation == 1
    assert decode(data).shape == (64, 96, 3)


def test_cmyk_jpeg_keeps_its_colours() -> None:
    data = saved(Image.fromarray(photo()).convert("CMYK"), "JPEG", quality=95)
    assert read_header(data).mode == "CMYK"
    assert mean_error(decode(data), photo()) < 4


def test_grey_jpeg_becomes_rgb() -> None:
    grey = Image.fromarray(photo()).convert("L")
    wanted = np.asarray(grey.convert("RGB"))
    assert mean_error(decode(saved(grey, "JPEG", quality=95)), wanted) < 2


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    values = np.linspace(0, 65535, 64 * 96).reshape(64, 96).astype(np.uint16)
    for fmt in ("PNG", "TIFF"):
        rgb = decode(saved(Image.fromarray(values), fmt))
        assert mean_error(rgb, np.dstack([values >> 8] * 3).astype(np.uint8)) == 0


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_rgb_keeps_its_high_byte(suffix: str) -> None:
    import cv2

    deep = photo().astype(np.uint16) * 257
    ok, data = cv2.imencode(suffix, deep[..., ::-1])
    assert ok
    assert mean_error(decode(data.tobytes()), photo()) == 0


def test_float_grey_uses_the_range_it_has() -> None:
    ramp = np.linspace(0, 1, 64 * 96, dtype=np.float32).reshape(64, 96)
    ramp[0, 0] = np.nan
    rgb = decode(saved(Image.fromarray(ramp), "TIFF"))
    assert rgb[0, 0, 0] == 0
    assert rgb[-1, -1, 0] == 255


def test_palette_alpha_and_bits() -> None:
    clear = np.dstack([photo(), np.zeros((64, 96), np.uint8)])
    assert (decode(saved(Image.fromarray(clear), "PNG")) == 255).all()
    half = np.dstack([np.zeros((64, 96), np.uint8), np.full((64, 96), 128, np.uint8)])
    assert abs(int(decode(saved(Image.fromarray(half, "LA"), "PNG"))[0, 0, 0]) - 127) <= 1
    palette = Image.fromarray(photo()).quantize(64)
    wanted = np.asarray(palette.convert("RGB"))
    assert mean_error(decode(saved(palette, "PNG")), wanted) == 0
    assert (decode(saved(Image.new("P", (8, 8)), "PNG", transparency=0)) == 255).all()
    bits = decode(saved(Image.fromarray(photo()).convert("1"), "PNG"))
    assert set(np.unique(bits)) == {0, 255}


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.fromarray(np.full((20, 30, 3), v, np.uint8)) for v in (200, 10, 90)]
    for fmt in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], fmt, save_all=True, append_images=frames[1:], duration=50)
        assert read_header(data).frames == 3
        assert abs(int(decode(data).mean()) - 200) <= 2


def test_one_pixel() -> None:
    data = saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")
    assert decode(data).tolist() == [[[9, 8, 7]]]
    assert decode_reduced(data, 32).shape == (1, 1, 3)


def test_a_png_named_jpg_is_what_its_bytes_say() -> None:
    assert read_header(saved(Image.fromarray(photo()), "PNG")).format == "PNG"


@pytest.mark.parametrize(
    "data",
    [
        b"Dear diary,\n" * 9,
        b"BMW, red, 1994\n" * 9,
        b"P5 is a bus\n" * 9,
        b"\0" * 64,
        b"%!PS-Adobe-3.0\n",
    ],
)
def test_other_files_are_not_images(data: bytes) -> None:
    assert reason_of(lambda: read_header(data)) is Reason.NOT_AN_IMAGE
    assert reason_of(lambda: decode(data)) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("suffix", [".pbm", ".pgm", ".ppm"])
@pytest.mark.parametrize("plain", [False, True])
def test_netpbm_pictures_are_read_in_bytes_and_in_words(suffix: str, plain: bool) -> None:
    mode = {".pbm": "1", ".pgm": "L", ".ppm": "RGB"}[suffix]
    picture = Image.fromarray(photo()).convert(mode)
    data = saved(picture, READ_SUFFIXES[suffix])
    if plain:
        values = np.asarray(picture).astype(int)
        kind, values = (
            ("P1", 1 - values) if mode == "1" else ("P2" if mode == "L" else "P3", values)
        )
        depth = "" if mode == "1" else "255\n"
        data = f"{kind}\n96 64\n{depth}{' '.join(map(str, values.ravel()))}\n".encode()
    assert mean_error(decode(data), np.asarray(picture.convert("RGB"))) == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 60, "HEIC"),
        (b"\xff\x0a\xfa\x1f\x41\x91\x08" * 9, "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0" * 60, "JPEG XL"),
    ],
)
def test_a_known_format_that_is_not_read_says_what_to_do(data: bytes, name: str) -> None:
    with pytest.raises(FaultError) as caught:
        decode(data)
    assert caught.value.fault.reason is Reason.NOT_AN_IMAGE
    assert caught.value.fault.detail == f"{name} is not read: convert the file to JPEG or PNG"


def test_an_empty_file() -> None:
    assert reason_of(lambda: decode(b"")) is Reason.EMPTY_FILE


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000"])
def test_half_a_file_is_truncated(fmt: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), fmt)
    assert reason_of(lambda: decode(data[: len(data) // 2])) is Reason.TRUNCATED


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
@pytest.mark.parametrize("last", [False, True])
def test_a_picture_is_read_whatever_is_written_beside_it(kind: str, last: bool) -> None:
    # 80 MB of text; those that are compressed take 80 kB, and are not unpacked.
    words = b"dull " * 16_000_000
    body = {
        "tEXt": b"Comment\0" + words,
        "zTXt": b"Raw profile type exif\0\0" + zlib.compress(words),
        "iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(words),
    }[kind]
    data = saved(Image.fromarray(photo()), "PNG")
    place = data.rindex(b"IEND") - 4 if last else data.index(b"IDAT") - 4
    data = data[:place] + png_chunk(kind.encode(), body) + data[place:]
    assert np.array_equal(decode(data), photo())
    assert read_header(data).width == 96


@pytest.mark.parametrize("keyword", ["XML:com.adobe.xmp", "Raw profile type exif"])
def test_a_text_may_turn_a_png(keyword: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    texts = {
        "XML:com.adobe.xmp": b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="3"/>',
        "Raw profile type exif": b"Raw profile type exif\0\0"
        + zlib.compress(f"\nexif\n{len(exif.tobytes()):8}\n{exif.tobytes().hex()}\n".encode()),
    }
    kind = b"iTXt" if keyword.startswith("XML") else b"zTXt"
    data = saved(Image.fromarray(photo()), "PNG")
    place = data.index(b"IDAT") - 4
    data = data[:place] + png_chunk(kind, texts[keyword]) + data[place:]
    assert read_header(data).orientation == 3
    assert np.array_equal(decode(data), photo()[::-1, ::-1])


@pytest.mark.parametrize("data", [png_claiming(30000, 30000), webp_claiming(16000, 16000)])
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(FaultError) as caught:
        decode(data)
    assert caught.value.fault.reason is Reason.DECOMPRESSION_BOMB
    assert "000 x " in caught.value.fault.detail


def test_the_pixel_limit_is_the_callers() -> None:
    data = saved(Image.fromarray(photo()), "PNG")
    assert decode(data, max_pixels=96 * 64).shape == (64, 96, 3)
    assert reason_of(lambda: decode(data, max_pixels=96 * 64 - 1)) is Reason.DECOMPRESSION_BOMB
    reduced = lambda: decode_reduced(data, 8, max_pixels=100)  # noqa: E731
    assert reason_of(reduced) is Reason.DECOMPRESSION_BOMB


@pytest.mark.parametrize("fmt", ["JPEG", "PNG"])
def test_reduced_is_close_to_decode_then_shrink(fmt: str) -> None:
    big = np.asarray(Image.fromarray(photo()).resize((960, 640), Image.Resampling.BICUBIC))
    data = saved(Image.fromarray(big), fmt)
    small = decode_reduced(data, 100)
    assert small.shape == (100, 150, 3)
    assert mean_error(small, thumbnail(decode(data), 150)) < 3
    assert decode_reduced(data, 5000).shape == big.shape


def test_thumbnail_never_enlarges() -> None:
    assert thumbnail(photo(), 48).shape == (32, 48, 3)
    assert thumbnail(photo(), 500).shape == (64, 96, 3)
    assert thumbnail(photo(2000, 3), 100).shape == (1, 100, 3)


def test_contact_sheets_encode() -> None:
    assert mean_error(decode(encode_jpeg(photo()[:, ::-1], 95)), photo()[:, ::-1]) < 6


def test_pillow_still_refuses_truncated_files() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


SEEDS = [saved(Image.fromarray(photo()), f) for f in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")]


@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_decode_or_fault_and_never_crash(seed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=8))
    damaged = seed[:at] + damage + seed[at + len(damage) :]
    try:
        rgb = decode(damaged, max_pixels=1_000_000)
    except FaultError:
        return
    header = read_header(damaged)
    assert rgb.shape == (header.height, header.width, 3)
