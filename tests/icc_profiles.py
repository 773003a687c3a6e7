"""Small ICC profiles of well-known colour spaces, and what their pixels are in sRGB."""

import struct

import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb

# Colorants adapted to D50, as the published profiles hold them: rows X, Y, Z, columns R, G, B.
P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
ADOBE = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)

Values = NDArray[np.float64]


def display_p3() -> bytes:
    """Display P3: P3's primaries with sRGB's curve."""
    return _profile(b"RGB ", _colorants(P3, _curve(_linear(np.linspace(0, 1, 1024)))))


def adobe_rgb() -> bytes:
    """Adobe RGB (1998): a gamma of 563 / 256."""
    return _profile(b"RGB ", _colorants(ADOBE, _gamma(563)))


def srgb_by_table() -> bytes:
    """sRGB as cameras embed it: its curve as a table."""
    return _profile(b"RGB ", _colorants(SRGB, _curve(_linear(np.linspace(0, 1, 1024)))))


def grey_gamma(gamma: float) -> bytes:
    """Grey of one gamma."""
    return _profile(b"GRAY", {b"kTRC": _gamma(round(gamma * 256))})


def cmyk_ink(lab: tuple[float, float, float]) -> bytes:
    """Inks of which any, or all, make the same colour; white without ink."""
    corner = bytes([round(lab[0] * 2.55), round(lab[1]) + 128, round(lab[2]) + 128])
    white = bytes([255, 128, 128])
    identity = bytes(range(256))
    matrix = b"".join(struct.pack(">i", 65536 if i % 4 == 0 else 0) for i in range(9))
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix
    lut = head + identity * 4 + white + corner * 15 + identity * 3
    return _profile(b"CMYK", {b"A2B0": lut}, kind=b"prtr", connection=b"Lab ")


def p3_in_srgb(rgb: Rgb) -> Values:
    """What Display P3 values are in sRGB, 0 to 255, by arithmetic."""
    return _in_srgb(_linear(rgb / 255), P3)


def adobe_in_srgb(rgb: Rgb) -> Values:
    """What Adobe RGB values are in sRGB, 0 to 255, by arithmetic."""
    return _in_srgb((rgb / 255) ** (563 / 256), ADOBE)


def grey_in_srgb(grey: Rgb, gamma: float) -> Values:
    """What grey values of a gamma are in sRGB, 0 to 255, by arithmetic."""
    return _in_srgb(np.repeat((grey[..., None] / 255) ** gamma, 3, axis=2), SRGB)


def _in_srgb(light: Values, colorants: Values) -> Values:
    linear = (light @ (np.linalg.inv(SRGB) @ colorants).T).clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def _linear(values: Values) -> Values:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _colorants(matrix: Values, curve: bytes) -> dict[bytes, bytes]:
    tags = {name: _xyz(*matrix[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return {**tags, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def _gamma(over_256: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, over_256) + b"\0\0"


def _curve(values: Values) -> bytes:
    table = np.rint(values * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", len(values)) + table


def _profile(
    space: bytes, tags: dict[bytes, bytes], *, kind: bytes = b"mntr", connection: bytes = b"XYZ "
) -> bytes:
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), **tags}
    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20] = b"\2\x40\0\0", kind, space
    head[20:24], head[36:40], head[68:80] = connection, b"acsp", _xyz(0.9642, 1.0, 0.8249)[8:]
    whole = bytes(head) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]
